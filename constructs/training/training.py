"""What trains models: the role of the jobs, and for each training a pipeline, the group of its models, its schedule."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from constructs import Construct

from constructs.account import Account
from constructs.network.placement import Placement
from constructs.storage.data_bucket import TRAINING_DATA, DataBucket
from constructs.storage.uploaded_files import UploadedFiles
from constructs.training.pipeline_role import PipelineRole
from constructs.training.schedule import Schedule
from constructs.training.scheduler_role import SchedulerRole
from constructs.training.training_pipeline import Surroundings, TrainingPipeline
from constructs.training.training_role import TrainingRole
from settings.names import Names, address_part
from settings.training import TrainingSettings
from settings.training_files import TrainingFiles


class Training(Construct):
    """`files` has the code and the sample data of each of the `trainings`; `outputs` what a person is told.

    `tags` go to the jobs. Where `prevent_destroy` is, the groups outlive mistakes; with a `delete_script` a destroy
    deletes the models that are registered in them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        limit_trust_to_account: bool,
        trainings: Sequence[TrainingSettings],
        files: Mapping[str, TrainingFiles],
        image_repositories: Iterable[str],
        bucket: DataBucket,
        key_arn: str | None,
        placement: Placement | None,
        tags: Mapping[str, str],
        delete_script: Path | None,
        prevent_destroy: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        role = TrainingRole(
            self,
            "training_role",
            account=account,
            names=names,
            limit_trust_to_account=limit_trust_to_account,
            bucket=bucket,
            key_arn=key_arn,
            image_repositories=image_repositories,
            placement=placement,
        )
        self.role_arn = role.arn
        self.outputs: dict[str, str | Mapping[str, str]] = {"training_role_arn": role.arn}
        if not trainings:
            return
        pipeline_role = PipelineRole(
            self,
            "pipeline_role",
            account=account,
            names=names,
            limit_trust_to_account=limit_trust_to_account,
            trainings=[training.name for training in trainings],
            training_role_arn=role.arn,
            bucket=bucket,
            key_arn=key_arn,
        )
        scheduler_role = None
        scheduled = [training.name for training in trainings if training.schedule is not None]
        if scheduled:
            scheduler_role = SchedulerRole(self, "scheduler_role", account=account, names=names, trainings=scheduled)
        surroundings = Surroundings(
            region=account.region,
            bucket=bucket,
            key_arn=key_arn,
            placement=placement,
            pipeline_role_arn=pipeline_role.arn,
            training_role_arn=role.arn,
            tags=tags,
            delete_script=delete_script,
            prevent_destroy=prevent_destroy,
        )
        sample_data: dict[str, UploadedFiles] = {}
        samples, group = Construct(self, "training_data"), Construct(self, "training")
        pipelines: dict[str, str] = {}
        for training in trainings:
            data_prefix, needed = f"{TRAINING_DATA}{training.data_folder}/", [*pipeline_role.policies]
            data = files[training.name].data
            if data is not None:
                data_prefix += f"{data.digest}/"
                if data_prefix not in sample_data:  # what several train with is uploaded once
                    sample_data[data_prefix] = UploadedFiles(
                        samples,
                        address_part(f"{training.data_folder}_{data.digest}"),
                        bucket=bucket,
                        prefix=data_prefix,
                        files=data.files,
                    )
                needed += sample_data[data_prefix].resources
            pipeline = TrainingPipeline(
                group,
                address_part(training.name),
                name=names.training(training.name),
                training=training,
                code=files[training.name].code,
                data_prefix=data_prefix,
                surroundings=surroundings,
                depends_on=needed,
            )
            pipelines[training.name] = pipeline.name
            if training.schedule is not None and scheduler_role is not None:
                Schedule(
                    pipeline,
                    "schedule",
                    name=names.training(training.name),
                    schedule=training.schedule,
                    pipeline_arn=pipeline.arn,
                    role_arn=scheduler_role.arn,
                    depends_on=scheduler_role.policies,
                )
        self.outputs["pipeline_names"] = pipelines
