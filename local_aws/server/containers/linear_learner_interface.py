"""What AWS's linear-learner takes, and what it writes to its log: the names, as AWS has them.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html
The lines of the log and their regular expressions are as jobs on AWS describe them, of which logs are public.
"""

from collections.abc import Mapping, Sequence

REPOSITORY = "linear-learner"
MODEL = "model_algo-1"
# From this score on a binary classifier says 1. AWS's is calibrated on the data that it validates with.
THRESHOLD = 0.5
# Its exit code where what it was given is wrong.
CUSTOMER_ERROR = 2
CHANNELS = ("train", "validation", "test")
# Those that the stand-in heeds.
PLAYED = (
    "accuracy_top_k",
    "epochs",
    "f_beta",
    "feature_dim",
    "l1",
    "learning_rate",
    "loss",
    "mini_batch_size",
    "normalize_data",
    "num_classes",
    "positive_example_weight_mult",
    "predictor_type",
    "use_bias",
    "wd",
)
# Those that it takes, and says that it does not heed.
NOT_PLAYED = (
    "balance_multiclass_weights",
    "beta_1",
    "beta_2",
    "bias_lr_mult",
    "bias_wd_mult",
    "binary_classifier_model_selection_criteria",
    "early_stopping_patience",
    "early_stopping_tolerance",
    "huber_delta",
    "init_bias",
    "init_method",
    "init_scale",
    "init_sigma",
    "loss_insensitivity",
    "lr_scheduler_factor",
    "lr_scheduler_minimum_lr",
    "lr_scheduler_step",
    "margin",
    "momentum",
    "normalize_label",
    "num_calibration_samples",
    "num_models",
    "num_point_for_scaler",
    "optimizer",
    "quantile",
    "target_precision",
    "target_recall",
    "unbias_data",
    "unbias_label",
    "use_lr_scheduler",
)
# By predictor_type: its objective's name in the log, and the loss that "auto" is.
OBJECTIVES: Mapping[str, tuple[str, str]] = {
    "binary_classifier": ("binary_classification_cross_entropy_objective", "logistic"),
    "multiclass_classifier": ("multiclass_cross_entropy_objective", "softmax_loss"),
    "regressor": ("mse_objective", "squared_loss"),
}
SCORES = {
    "binary_classification_accuracy": "binary_classification_accuracy",
    "binary_f_beta": r"binary_f_\S+",
    "dcg": "dcg",
    "macro_f_beta": r"macro_f_\S+",
    "macro_precision": "macro_precision",
    "macro_recall": "macro_recall",
    "multiclass_accuracy": "multiclass_accuracy",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+",
    "precision": "precision",
    "recall": "recall",
    "roc_auc_score": "roc_auc_score",
}
LOSSES = ("absolute_loss", "mse")


def _definitions() -> Sequence[Mapping[str, str]]:
    line = r"#quality_metric: host=\S+,"
    found = {
        "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
        "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
        "test:objective_loss": rf"{line} test \S+_objective <loss>=(\S+)",
    }
    for channel in ("train", "validation"):
        found[f"{channel}:objective_loss"] = rf"{line} epoch=\S+, {channel} \S+_objective <loss>=(\S+)"
        found[f"{channel}:objective_loss:final"] = rf"{line} {channel} \S+_objective <loss>=(\S+)"
    for channel in CHANNELS:
        found |= {f"{channel}:{name}": rf"{line} {channel} {said} <score>=(\S+)" for name, said in SCORES.items()}
        found |= {f"{channel}:{name}": rf"{line} {channel} {name} <loss>=(\S+)" for name in LOSSES}
    return [{"Name": name, "Regex": pattern} for name, pattern in sorted(found.items())]


METRIC_DEFINITIONS = _definitions()
