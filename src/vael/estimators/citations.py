"""BibTeX of what a fitted model used, and of nothing else."""

from __future__ import annotations

from vael.models import (
    ContinuousBernoulli,
    DecoderEnsemble,
    DiscretisedLogistic,
    FeatureGaussian,
    LatentVariableModel,
    PowerSphericalPosterior,
    SharedGaussian,
    VonMisesFisherPosterior,
    WrappedNormalPosterior,
)
from vael.nn import GatedMLP
from vael.objectives import ELBO, IWELBO, Objective
from vael.training import TrainingSettings

__all__ = ["citation"]

# key: (kind, title, authors, year, where)
_WORKS: dict[str, tuple[str, str, str, int, str]] = {
    "kingma2014autoencoding": (
        "inproceedings",
        "Auto-Encoding Variational {B}ayes",
        "Kingma, Diederik P. and Welling, Max",
        2014,
        "arXiv:1312.6114",
    ),
    "hinton2006reducing": (
        "article",
        "Reducing the Dimensionality of Data with Neural Networks",
        "Hinton, Geoffrey E. and Salakhutdinov, Ruslan R.",
        2006,
        "Science 313(5786):504-507",
    ),
    "higgins2017beta": (
        "inproceedings",
        "beta-{VAE}: Learning Basic Visual Concepts with a Constrained Variational Framework",
        "Higgins, Irina and Matthey, Loic and Pal, Arka and Burgess, Christopher and Glorot, Xavier and "
        "Botvinick, Matthew and Mohamed, Shakir and Lerchner, Alexander",
        2017,
        "ICLR",
    ),
    "burda2016importance": (
        "inproceedings",
        "Importance Weighted Autoencoders",
        "Burda, Yuri and Grosse, Roger and Salakhutdinov, Ruslan",
        2016,
        "arXiv:1509.00519",
    ),
    "tipping1999probabilistic": (
        "article",
        "Probabilistic Principal Component Analysis",
        "Tipping, Michael E. and Bishop, Christopher M.",
        1999,
        "Journal of the Royal Statistical Society B 61(3):611-622",
    ),
    "lucas2019dont": (
        "inproceedings",
        "Don't Blame the {ELBO}! {A} Linear {VAE} Perspective on Posterior Collapse",
        "Lucas, James and Tucker, George and Grosse, Roger and Norouzi, Mohammad",
        2019,
        "arXiv:1911.02469",
    ),
    "tucker2019doubly": (
        "inproceedings",
        "Doubly Reparameterized Gradient Estimators for {M}onte {C}arlo Objectives",
        "Tucker, George and Lawson, Dieterich and Gu, Shixiang and Maddison, Chris J.",
        2019,
        "arXiv:1810.04152",
    ),
    "kingma2016improved": (
        "inproceedings",
        "Improved Variational Inference with Inverse Autoregressive Flow",
        "Kingma, Diederik P. and Salimans, Tim and Jozefowicz, Rafal and Chen, Xi and Sutskever, Ilya and "
        "Welling, Max",
        2016,
        "arXiv:1606.04934",
    ),
    "loaizaganem2019continuous": (
        "inproceedings",
        "The Continuous {B}ernoulli: Fixing a Pervasive Error in Variational Autoencoders",
        "Loaiza-Ganem, Gabriel and Cunningham, John P.",
        2019,
        "arXiv:1907.06845",
    ),
    "rybkin2021simple": (
        "inproceedings",
        "Simple and Effective {VAE} Training with Calibrated Decoders",
        "Rybkin, Oleh and Daniilidis, Kostas and Levine, Sergey",
        2021,
        "arXiv:2006.13202",
    ),
    "salimans2017pixelcnn": (
        "inproceedings",
        "{PixelCNN}++: Improving the {PixelCNN} with Discretized Logistic Mixture Likelihood and Other "
        "Modifications",
        "Salimans, Tim and Karpathy, Andrej and Chen, Xi and Kingma, Diederik P.",
        2017,
        "arXiv:1701.05517",
    ),
    "tomczak2018vamp": (
        "inproceedings",
        "{VAE} with a {VampPrior}",
        "Tomczak, Jakub M. and Welling, Max",
        2018,
        "arXiv:1705.07120",
    ),
    "syrota2024decoder": (
        "inproceedings",
        "Decoder Ensembling for Learned Latent Geometries",
        "Syrota, Stas and Moreno-Mu{\\~n}oz, Pablo and Hauberg, S{\\o}ren",
        2024,
        "arXiv:2408.07507",
    ),
    "davidson2018hyperspherical": (
        "inproceedings",
        "Hyperspherical Variational Auto-Encoders",
        "Davidson, Tim R. and Falorsi, Luca and De Cao, Nicola and Kipf, Thomas and Tomczak, Jakub M.",
        2018,
        "arXiv:1804.00891",
    ),
    "decao2020power": (
        "inproceedings",
        "The Power Spherical Distribution",
        "De Cao, Nicola and Aziz, Wilker",
        2020,
        "arXiv:2006.04437",
    ),
    "mathieu2019continuous": (
        "inproceedings",
        "Continuous Hierarchical Representations with {P}oincar{\\'e} Variational Auto-Encoders",
        "Mathieu, Emile and Le Lan, Charline and Maddison, Chris J. and Tomioka, Ryota and Teh, Yee Whye",
        2019,
        "arXiv:1901.06033",
    ),
    "kingma2015adam": (
        "inproceedings",
        "Adam: A Method for Stochastic Optimization",
        "Kingma, Diederik P. and Ba, Jimmy",
        2015,
        "arXiv:1412.6980",
    ),
    "loshchilov2017sgdr": (
        "inproceedings",
        "{SGDR}: Stochastic Gradient Descent with Warm Restarts",
        "Loshchilov, Ilya and Hutter, Frank",
        2017,
        "arXiv:1608.03983",
    ),
    "smith2019super": (
        "inproceedings",
        "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
        "Smith, Leslie N. and Topin, Nicholay",
        2019,
        "arXiv:1708.07120",
    ),
    "rozet2022zuko": (
        "misc",
        "Zuko: Normalizing Flows in {PyTorch}",
        "Rozet, Fran{\\c c}ois and others",
        2022,
        "doi:10.5281/zenodo.7625672",
    ),
}
_PRESETS = {
    "autoencoder": ["hinton2006reducing"],
    "vae": ["kingma2014autoencoding"],
    "beta-vae": ["kingma2014autoencoding", "higgins2017beta"],
    "iwae": ["burda2016importance"],
    "ppca": ["tipping1999probabilistic", "lucas2019dont"],
}
_MODULES = {
    ContinuousBernoulli: "loaizaganem2019continuous",
    FeatureGaussian: "rybkin2021simple",
    SharedGaussian: "rybkin2021simple",
    DecoderEnsemble: "syrota2024decoder",
    DiscretisedLogistic: "salimans2017pixelcnn",
    VonMisesFisherPosterior: "davidson2018hyperspherical",
    PowerSphericalPosterior: "decao2020power",
    WrappedNormalPosterior: "mathieu2019continuous",
    GatedMLP: "tomczak2018vamp",
}
_SCHEDULES = {
    "cosine": "loshchilov2017sgdr",
    "one-cycle": "smith2019super",
    "burda": "burda2016importance",
}


def citation(
    preset: str, model: LatentVariableModel, objective: Objective, settings: TrainingSettings
) -> str:
    """Return BibTeX entries of the works that a composition and its training rest on."""
    keys = [*_PRESETS.get(preset, [])]
    keys += _of_objective(objective)
    for module in model.modules():
        keys += [work for kind, work in _MODULES.items() if type(module) is kind]
        keys += ["rozet2022zuko"] if type(module).__module__.startswith("zuko.flows") else []
    if preset == "ppca":  # its single scale is Tipping & Bishop's own
        keys = [key for key in keys if key != "rybkin2021simple"]
    keys.append("kingma2015adam")
    keys += [_SCHEDULES[settings.schedule]] if settings.schedule in _SCHEDULES else []
    return "\n\n".join(_entry(key) for key in dict.fromkeys(keys))


def _of_objective(objective: Objective) -> list[str]:
    if isinstance(objective, IWELBO):
        doubly = ["tucker2019doubly"] if objective.doubly_reparameterised else []
        return ["burda2016importance", *doubly]
    if isinstance(objective, ELBO):
        bits = ["kingma2016improved"] if objective.free_bits else []
        weighted = ["higgins2017beta"] if objective.beta != 1 else []
        return ["kingma2014autoencoding", *weighted, *bits]
    return []


def _entry(key: str) -> str:
    kind, title, author, year, where = _WORKS[key]
    field = {"article": "journal", "inproceedings": "booktitle"}.get(kind, "howpublished")
    if where.startswith("arXiv:"):
        kind, lines = "misc", [f"eprint = {{{where.removeprefix('arXiv:')}}}", "archiveprefix = {arXiv}"]
    elif where.startswith("doi:"):
        lines = [f"doi = {{{where.removeprefix('doi:')}}}"]
    else:
        lines = [f"{field} = {{{where}}}"]
    fields = [f"title = {{{title}}}", f"author = {{{author}}}", f"year = {{{year}}}", *lines]
    return f"@{kind}{{{key},\n" + "".join(f"  {line},\n" for line in fields) + "}"
