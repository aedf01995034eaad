"""What AWS says of its algorithm linear-learner: its hyperparameters, metrics and channels.

https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

HYPERPARAMETERS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html"
TUNING = "https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html"
CHANNELS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html"

# The first must be given, and tells which metrics there are.
PREDICTOR_TYPE, CLASS_COUNT = "predictor_type", "num_classes"
BINARY, MULTICLASS, REGRESSION = PREDICTOR_TYPES = ("binary_classifier", "multiclass_classifier", "regressor")
HYPERPARAMETERS = (
    *(PREDICTOR_TYPE, CLASS_COUNT, "accuracy_top_k", "balance_multiclass_weights", "beta_1", "beta_2", "bias_lr_mult"),
    *("bias_wd_mult", "binary_classifier_model_selection_criteria", "early_stopping_patience"),
    *("early_stopping_tolerance", "epochs", "f_beta", "feature_dim", "huber_delta", "init_bias", "init_method"),
    *("init_scale", "init_sigma", "l1", "learning_rate", "loss", "loss_insensitivity", "lr_scheduler_factor"),
    *("lr_scheduler_minimum_lr", "lr_scheduler_step", "margin", "mini_batch_size", "momentum", "normalize_data"),
    *("normalize_label", "num_calibration_samples", "num_models", "num_point_for_scaler", "optimizer"),
    *("positive_example_weight_mult", "quantile", "target_precision", "target_recall", "unbias_data", "unbias_label"),
    *("use_bias", "use_lr_scheduler", "wd"),
)
# Of those that count something, the least and the most, if there is one.
COUNTS: Mapping[str, tuple[int, int | None]] = {
    CLASS_COUNT: (3, 1_000_000),
    **dict.fromkeys(
        (
            *("accuracy_top_k", "early_stopping_patience", "epochs", "feature_dim", "lr_scheduler_step"),
            *("mini_batch_size", "num_calibration_samples", "num_models", "num_point_for_scaler"),
        ),
        (1, None),
    ),
}
# AWS gives no largest number: more digits are none that counts.
COUNT_DIGITS = 18
AUTO, MAY_BE_AUTO = "auto", ("feature_dim", "lr_scheduler_step", "num_calibration_samples", "num_models")
# Only the first must be there.
TRAIN, VALIDATION, TEST = CHANNELS = ("train", "validation", "test")


def broken_count(name: str, value: str) -> str | None:
    """What is allowed of a hyperparameter that counts something, where the value is not; None for every other."""
    least, most = COUNTS.get(name, (None, None))
    if least is None or (value == AUTO and name in MAY_BE_AUTO):
        return None
    counts = value.isascii() and value.isdecimal() and len(value) <= COUNT_DIGITS
    if counts and least <= int(value) <= (int(value) if most is None else most):
        return None
    numbers = f"from {least}" if most is None else f"from {least} to {most}"
    return f"must be a whole number {numbers}{f', or {AUTO}' if name in MAY_BE_AUTO else ''}"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The predictors that have it, and which way is better."""

    predictor_types: tuple[str, ...]
    objective: str


# Of the final model, each on the channels validation and test.
_METRICS = {
    "absolute_loss": Metric(predictor_types=(REGRESSION,), objective="Minimize"),
    "binary_classification_accuracy": Metric(predictor_types=(BINARY,), objective="Maximize"),
    "binary_f_beta": Metric(predictor_types=(BINARY,), objective="Maximize"),
    "dcg": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "macro_f_beta": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "macro_precision": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "macro_recall": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "mse": Metric(predictor_types=(REGRESSION,), objective="Minimize"),
    "multiclass_accuracy": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "multiclass_top_k_accuracy": Metric(predictor_types=(MULTICLASS,), objective="Maximize"),
    "objective_loss": Metric(predictor_types=PREDICTOR_TYPES, objective="Minimize"),
    "precision": Metric(predictor_types=(BINARY,), objective="Maximize"),
    "recall": Metric(predictor_types=(BINARY,), objective="Maximize"),
    "roc_auc_score": Metric(predictor_types=(BINARY,), objective="Maximize"),
}
METRICS: Mapping[str, Metric] = {
    f"{channel}:{name}": metric for channel in (VALIDATION, TEST) for name, metric in _METRICS.items()
}
