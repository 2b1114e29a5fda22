"""What is asked of trained classifiers: that they know texts which they have not seen."""

from smelt.gates.checks import Check, Gate, at_least, equal, percent
from smelt.gates.figures import common
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import ClassifiersGate


def classifiers(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], config: ClassifiersGate) -> Gate:
    """Every model was measured on enough texts of every class, and is good enough on them."""
    figures = common(manifest)
    checks: list[Check] = [equal("parts", len(manifest.config["models"]), "Every classifier is there")]
    for name, known in sorted(manifest.stats.get("classifiers", {}).items()):
        held_out = known["held_out"]
        figures |= {
            f"held-out texts of {name}": held_out["texts"],
            f"classes of {name} held out": sum(one["texts"] > 0 for one in held_out["by_class"].values()),
            f"accuracy of {name}": held_out["accuracy"],
            f"auc of {name}": held_out["auc"],
        }
        checks += [
            at_least(f"held-out texts of {name}", config.min_held_out, f"{name} was measured on enough texts"),
            equal(f"classes of {name} held out", known["classes"], f"{name} was measured on every class"),
        ]
        if known["task"] == "classes":
            sentence = f"{name} gets held-out texts right"
            checks.append(at_least(f"accuracy of {name}", config.min_accuracy, sentence, percent))
        if known["task"] == "number" or known["classes"] == 2:
            checks.append(
                at_least(f"auc of {name}", config.min_auc, f"{name} tells high from low (area under the ROC)")
            )
    return Gate(figures, checks)
