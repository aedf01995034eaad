"""The platform of one environment: its capabilities wired together."""

from constructs import Construct

from constructs.access.encryption_key import EncryptionKey
from constructs.account import Account
from constructs.log_storage import LogStorage
from constructs.monitoring.alarm_topic import AlarmTopic
from constructs.monitoring.dashboard import Dashboard
from constructs.monitoring.log_groups import LogGroups
from constructs.network.network import Network
from constructs.notebook.notebook import Notebook
from constructs.serving.serving import Serving
from constructs.storage.data_bucket import DataBucket
from constructs.training.training import Training
from stacks.aws_stack import AwsStack
from stacks.environments import Environment


class MlPlatformStack(AwsStack):
    """One environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        settings, names = environment.settings, environment.settings.names
        has_notebook = settings.notebook is not None
        super().__init__(scope, settings.name, settings=settings)
        self.keep_state(settings.name, bucket=settings.state_bucket, key=names.state_key, region=settings.region)
        account = Account(self, "(account)", region=settings.region)
        key_arn = None
        if settings.encryption_key is not None:
            key_arn = EncryptionKey(
                self,
                "encryption_key",
                account=account,
                names=names,
                key=settings.encryption_key,
                reader_account_ids=environment.reader_account_ids,
                prevent_destroy=settings.protected,
            ).arn
        bucket = DataBucket(
            self,
            "data_bucket",
            account=account,
            name=names.bucket(account.id),
            bucket=settings.bucket,
            key_arn=key_arn,
            reader_account_ids=environment.reader_account_ids,
            prevent_destroy=settings.protected,
        )
        logs = LogStorage(retention_days=settings.logs.retention_days, key_arn=key_arn, skip_destroy=settings.protected)
        log_groups = LogGroups(self, "log_groups", names=names, logs=settings.logs, storage=logs)
        network = Network(
            self,
            "(network)",
            account=account,
            names=names,
            network=settings.network,
            has_notebook=has_notebook,
            storage=logs,
        )
        training = Training(
            self,
            "(training)",
            account=account,
            names=names,
            limit_trust_to_account=settings.limit_trust_to_account,
            trainings=settings.trainings,
            files=environment.training_files,
            image_repositories={*settings.training_images, *environment.image_repositories},
            bucket=bucket,
            key_arn=key_arn,
            placement=network.training_placement,
            tags=self.tags,
            delete_script=environment.delete_script if settings.deletes_models else None,
            prevent_destroy=settings.protected,
        )
        if settings.notebook is not None:
            notebook = Notebook(
                self,
                "(notebook)",
                account=account,
                names=names,
                notebook=settings.notebook,
                sagemaker_full_access=settings.sagemaker_full_access,
                bucket=bucket,
                key_arn=key_arn,
                training_role_arn=training.role_arn,
                network=network,
                image_repositories=settings.training_images,
                script=environment.lifecycle_scripts.notebook,
                notebook_delivery=settings.notebook_delivery,
                samples=environment.notebooks,
                prevent_destroy=settings.protected,
                depends_on=log_groups.account_wide,
            )
            self.publish({"notebook_name": notebook.name, "notebook_url": notebook.url})
        topic = AlarmTopic(
            self, "alarm_topic", account=account, names=names, key_arn=key_arn, emails=settings.alarm_emails
        )
        serving = Serving(
            self,
            "(serving)",
            account=account,
            names=names,
            limit_trust_to_account=settings.limit_trust_to_account,
            endpoints=settings.endpoints,
            releases=environment.releases,
            image_repositories=environment.image_repositories,
            bucket=bucket,
            key_arn=key_arn,
            placement=network.placement,
            log_groups=log_groups.of_endpoints,
            topic_arn=topic.arn,
            verify_script=environment.verify_script if settings.rollback_guard else None,
            wait_script=environment.wait_script if settings.rollback_guard else None,
        )
        dashboard = Dashboard(self, "dashboard", names=names, endpoints=serving.served, has_notebook=has_notebook)
        self.publish({"bucket_name": bucket.name, "log_group_names": log_groups.names, "key_arn": key_arn})
        self.publish({"alarm_topic_arn": topic.arn, "dashboard_url": dashboard.url})
        self.publish({**training.outputs, **network.outputs, **serving.outputs})
