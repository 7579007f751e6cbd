"""vael: learn a distribution with a variational autoencoder, and put it to work."""
