"""What answers the theory lab: small services that call `vael.theory`, each quick enough to be dragged."""
