"""The platform of one environment: its capabilities wired together."""

from constructs import Construct

from constructs.account import Account
from constructs.monitoring.alarm_topic import AlarmTopic
from constructs.monitoring.dashboard import Dashboard
from constructs.monitoring.log_groups import LogGroups
from constructs.network.network import Network
from constructs.notebook.notebook import Notebook
from constructs.serving.serving import Serving
from constructs.storage.storage import Storage
from constructs.studio.studio import Studio
from constructs.training.training import Training
from stacks.aws_stack import AwsStack
from stacks.environments import Environment


class MlPlatformStack(AwsStack):
    """One environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        settings, names = environment.settings, environment.settings.names
        has_notebook, has_studio = settings.notebook is not None, settings.studio is not None
        has_users = has_notebook or has_studio
        super().__init__(scope, settings.name, settings=settings)
        self.keep_state(settings.name, bucket=settings.state_bucket, key=names.state_key, region=settings.region)
        account = Account(self, "(account)", region=settings.region)
        storage = Storage(
            self,
            "(storage)",
            account=account,
            names=names,
            bucket=settings.bucket,
            encryption_key=settings.encryption_key,
            logs=settings.logs,
            has_studio=has_studio,
            reader_account_ids=environment.reader_account_ids,
            protected=settings.protected,
        )
        bucket, key_arn, logs = storage.bucket, storage.key_arn, storage.logs
        log_groups = LogGroups(self, "log_groups", names=names, logs=settings.logs, has_studio=has_studio, storage=logs)
        network = Network(
            self, "(network)", account=account, names=names, network=settings.network, has_users=has_users, storage=logs
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
        if has_users:
            notebooks = Notebook(
                self,
                "(notebook)",
                account=account,
                names=names,
                notebook=settings.notebook,
                has_studio=has_studio,
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
            self.publish(notebooks.outputs)
            if settings.studio is not None and network.placement is not None:
                studio = Studio(
                    self,
                    "(studio)",
                    account=account,
                    names=names,
                    studio=settings.studio,
                    notebooks=notebooks,
                    script=environment.lifecycle_scripts.studio,
                    key_arn=key_arn,
                    placement=network.placement,
                    release_script=environment.release_script if settings.rollback_guard else None,
                    prevent_destroy=settings.protected,
                )
                self.publish(studio.outputs)
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
        for part in (storage, log_groups, network, training, topic, serving, dashboard):
            self.publish(part.outputs)
