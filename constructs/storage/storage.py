"""Where the environment's data is: the key that encrypts it, the data bucket, and how logs are kept."""

from collections.abc import Sequence

from constructs import Construct

from constructs.access.encryption_key import EncryptionKey
from constructs.account import Account
from constructs.log_storage import LogStorage
from constructs.storage.data_bucket import DataBucket
from settings.bucket import BucketSettings
from settings.encryption_key import EncryptionKeySettings
from settings.logs import LogSettings
from settings.names import Names


class Storage(Construct):
    """`key_arn` is None where there is no key: AWS's own encrypt then. With `has_studio` the key is for Studio's file
    system too. Where `protected`, bucket and key cannot be destroyed, and a log group that the settings no longer name
    stays.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        account: Account,
        names: Names,
        bucket: BucketSettings,
        encryption_key: EncryptionKeySettings | None,
        logs: LogSettings,
        has_studio: bool,
        reader_account_ids: Sequence[str],
        protected: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key_arn: str | None = None
        if encryption_key is not None:
            self.key_arn = EncryptionKey(
                self,
                "encryption_key",
                account=account,
                names=names,
                key=encryption_key,
                reader_account_ids=reader_account_ids,
                has_studio=has_studio,
                prevent_destroy=protected,
            ).arn
        self.bucket = DataBucket(
            self,
            "data_bucket",
            account=account,
            name=names.bucket(account.id),
            bucket=bucket,
            key_arn=self.key_arn,
            reader_account_ids=reader_account_ids,
            prevent_destroy=protected,
        )
        self.logs = LogStorage(retention_days=logs.retention_days, key_arn=self.key_arn, skip_destroy=protected)
        self.outputs = {"bucket_name": self.bucket.name, "key_arn": self.key_arn}
