import hashlib
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from settings.environment import EnvironmentSettings
from settings.releases import ModelEntry, Release, read_releases
from settings.trained_artifact import TrainedArtifact
from stacks.environments import NAMES, ROOT, read_environments
from tests.support.archives import Members, artifact, special

ARTIFACT = artifact({"model.joblib": b"not really a model"})
SETTINGS = {environment.settings.name: environment.settings for environment in read_environments({})}
A_PATH = "must be a path from the project's root to a file that can be read"
Change = Callable[[dict[str, Any]], None]


def entry(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "image": {"repository": "linear-learner", "tag": "1"},
        "artifact": "model.tar.gz",
        "sha256": hashlib.sha256(ARTIFACT).hexdigest(),
    }
    return values | changes


def read(folder: Path, content: object) -> tuple[dict[str, Release], list[str]]:
    """The releases of the endpoint linear-learner, by environment."""
    (folder / "model.tar.gz").write_bytes(ARTIFACT)
    path = folder / "releases.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    releases, _, problems = read_releases(path, NAMES, SETTINGS)
    found = {name: of_endpoint["linear-learner"] for name, of_endpoint in releases.items()}
    return found, [str(problem) for problem in problems]


def catalogue(environments: dict[str, Any] | None = None, **models: Any) -> dict[str, Any]:
    served = {name: {"linear-learner": release} for name, release in (environments or {}).items()}
    return {"models": models or {"churn": entry()}, "environments": served}


def test_an_environment_serves_the_model_that_the_file_names(tmp_path: Path) -> None:
    releases, problems = read(tmp_path, catalogue({"dev": {"production": "churn"}}))
    assert problems == []
    production = releases["dev"].production
    assert production is not None
    assert (production.image_repository, production.image_tag) == ("linear-learner", "1")
    assert production.artifact == tmp_path / "model.tar.gz"


def test_staging_may_have_a_shadow_model(tmp_path: Path) -> None:
    models = {"churn": entry(), "churn-2": entry(environment={"A": "b"})}
    releases, problems = read(tmp_path, catalogue({"staging": {"production": "churn", "shadow": "churn-2"}}, **models))
    assert problems == []
    assert releases["staging"].shadow is not None


@pytest.mark.parametrize(
    "change",
    [{"image": {"repository": "linear-learner", "tag": "2"}}, {"environment": {"A": "b"}}],
)
def test_a_changed_entry_is_a_new_sagemaker_model(tmp_path: Path, change: dict[str, Any]) -> None:
    served = {"dev": {"production": "churn"}}
    before, _ = read(tmp_path, catalogue(served))
    after, _ = read(tmp_path, catalogue(served, churn=entry(**change)))
    assert before["dev"].production is not None
    assert after["dev"].production is not None
    assert before["dev"].production.name != after["dev"].production.name


def test_the_order_of_an_entrys_fields_does_not_matter(tmp_path: Path) -> None:
    served = {"dev": {"production": "churn"}}
    before, _ = read(tmp_path, catalogue(served))
    after, _ = read(tmp_path, catalogue(served, churn=dict(reversed(entry().items()))))
    assert before == after


def test_rejects_a_model_that_is_not_in_the_catalogue(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue({"dev": {"production": "chrun"}}, churn=entry(), fraud=entry()))
    assert problems == [
        "releases.json: environments.dev.linear-learner.production: 'chrun': must be one of churn, fraud "
        "(did you mean churn?)"
    ]


@pytest.mark.parametrize("variant", ["production", "shadow"])
def test_rejects_it_too_where_the_environments_own_settings_are_faulty(tmp_path: Path, variant: str) -> None:
    served = {"production": "churn", variant: "x"}
    path = tmp_path / "releases.json"
    path.write_text(json.dumps(catalogue({"dev": served})))
    (tmp_path / "model.tar.gz").write_bytes(ARTIFACT)
    _, _, problems = read_releases(path, NAMES, {})
    assert [str(problem) for problem in problems] == [
        f"releases.json: environments.dev.linear-learner.{variant}: 'x': must be one of churn"
    ]


def test_a_misspelt_environment_or_endpoint_gets_the_nearest(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue({"Staging": {"production": "churn"}}))
    assert problems[0].endswith(" (did you mean staging?)")
    _, problems = read(tmp_path, {"models": {}, "environments": {"dev": {"linear-lerner": {}}}})
    assert problems[0].endswith(": linear-learner (did you mean linear-learner?)")


def test_rejects_a_model_whose_name_in_sagemaker_would_be_too_long(tmp_path: Path) -> None:
    longest = "m" * (63 - len("ml-platform-dev--12345678"))
    for name, sound in ((longest, True), (longest + "m", False)):
        _, problems = read(tmp_path, catalogue({"dev": {"production": name}}, **{name: entry()}))
        assert (problems == []) is sound
    assert problems[0].endswith(
        "would have 64 characters: must be at most 63 "
        "(AWS limit: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html)"
    )


@pytest.mark.parametrize(
    ("variables", "sound"),
    [
        ({f"V{number}": "x" for number in range(100)}, True),
        ({f"V{number}": "x" for number in range(101)}, False),
        ({f"V{number:02}": "x" * 1021 for number in range(32)}, True),
        ({f"V{number:02}": "x" * 1022 for number in range(32)}, False),
        ({"V": "x" * 1024}, True),
        ({"V": "x" * 1025}, False),
        ({"V" * 1024: ""}, True),
        ({"V" * 1025: ""}, False),
        ({"1V": ""}, False),
        ({"__proto__": "x"}, False),
        ({"constructor": "x", "__proto": "x", "toString": "x"}, True),
        ({"V": "a\tb\nc"}, True),
        ({"V": "a\x00b"}, False),
    ],
    ids=lambda value: f"{len(value)} variables" if isinstance(value, dict) else None,
)
def test_a_containers_variables_stay_within_sagemakers_limits(
    tmp_path: Path, variables: dict[str, str], sound: bool
) -> None:
    _, problems = read(tmp_path, catalogue(churn=entry(environment=variables)))
    assert (problems == []) is sound
    assert all("models.churn.environment" in problem and "AWS limit: " in problem for problem in problems)


def test_rejects_a_model_whose_image_the_environments_region_has_not(tmp_path: Path) -> None:
    image = {"repository": "sagemaker-geospatial-v1-0", "tag": "1"}
    _, problems = read(tmp_path, catalogue({"dev": {"production": "churn"}}, churn=entry(image=image)))
    [problem] = problems
    assert problem.startswith(
        "releases.json: environments.dev.linear-learner.production: 'churn': its image: must be an image repository "
        "that us-east-1 has; sagemaker-geospatial-v1-0 is in us-west-2 (AWS limit: "
    )
    assert read(tmp_path, catalogue(churn=entry(image=image)))[1] == []


@pytest.mark.parametrize(
    ("field", "value", "sound"),
    [
        ("repository", "linear-learner", True),
        *(("repository", value, False) for value in ("a", "linear-lerner", "Kmeans", "a//b", "-kmeans", "kmeans-", "")),
        ("tag", "t" * 128, True),
        ("tag", "t" * 129, False),
        ("tag", "1.2-1-cpu-py3", True),
        ("tag", "_", True),
        *(("tag", value, False) for value in ("-t", ".t", "", "a b", "a:b", "t@sha256", "t\n", "é", "${x}")),
    ],
)
def test_an_image_is_one_of_awss_with_a_tag(tmp_path: Path, field: str, value: str, sound: bool) -> None:
    _, problems = read(
        tmp_path, catalogue(churn=entry(image={"repository": "linear-learner", "tag": "1"} | {field: value}))
    )
    assert (problems == []) is sound
    assert all(
        problem.startswith(f"releases.json: models.churn.image.{field}: {value!r}: must ") for problem in problems
    )


def test_rejects_an_environment_that_does_not_exist(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue({"test": {}}))
    assert problems == [f"releases.json: environments: 'test': must be one of {', '.join(NAMES)}"]


def test_rejects_an_endpoint_that_the_environment_does_not_have(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue() | {"environments": {"dev": {"linear": {"production": "churn"}}}})
    assert problems == [
        "releases.json: environments.dev: 'linear': must be an endpoint of stacks/dev.py: linear-learner "
        "(did you mean linear-learner?)"
    ]


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_rejects_a_shadow_where_the_settings_give_no_shadow_variant(tmp_path: Path, name: str) -> None:
    _, problems = read(tmp_path, catalogue({name: {"production": "churn", "shadow": "churn"}}))
    assert problems == [
        f"releases.json: environments.{name}.linear-learner.shadow: 'churn': must be left out: "
        f"stacks/{name}.py gives no shadow variant"
    ]


def test_rejects_a_shadow_without_production(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue({"staging": {"shadow": "churn"}}))
    assert problems == [
        "releases.json: environments.staging.linear-learner.shadow: 'churn': must stand beside a production model"
    ]


def test_rejects_changed_bytes_under_the_same_name(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"other bytes").hexdigest()
    _, problems = read(tmp_path, catalogue(churn=entry(sha256=digest)))
    assert problems == [
        f"releases.json: models.churn.sha256: '{digest}': must be the digest of model.tar.gz, now "
        f"{hashlib.sha256(ARTIFACT).hexdigest()}; changed bytes are a new model: give them a name of their own"
    ]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("missing.tar.gz", f"missing: {A_PATH}"),
        ("folder.tar.gz", f"a folder: {A_PATH}"),
        ("a\0b.tar.gz", f"embedded null byte: {A_PATH}"),
        (f"{'x' * 260}.tar.gz", f"File name too long: {A_PATH}"),
        ("round.tar.gz", f"Too many levels of symbolic links: {A_PATH}"),
        ("outside.tar.gz", "must be a file of this project"),
        ("\x1b[2J.tar.gz", "must have a name without control characters"),
        ("e\u0301.tar.gz", "must have a name in composed characters (Unicode's NFC), as Terraform looks for that"),
        ("../model.tar.gz", "must be a file of this project"),
        ("/model.tar.gz", r"must match ^[^/].*\.tar\.gz$"),
        ("model.zip", r"must match ^[^/].*\.tar\.gz$"),
    ],
)
def test_rejects_an_artifact_that_is_no_archive_of_this_project(tmp_path: Path, path: str, allowed: str) -> None:
    (tmp_path / "folder.tar.gz").mkdir()
    (tmp_path / "round.tar.gz").symlink_to("round.tar.gz")
    (tmp_path / "outside.tar.gz").symlink_to("/etc/hostname")
    for name in ("\x1b[2J", "e\u0301"):
        (tmp_path / f"{name}.tar.gz").write_bytes(ARTIFACT)
    _, problems = read(tmp_path, catalogue(churn=entry(artifact=path)))
    assert problems == [f"releases.json: models.churn.artifact: {path!r}: {allowed}"]


def test_rejects_an_artifact_that_sagemaker_cannot_unpack(tmp_path: Path) -> None:
    (tmp_path / "other.tar.gz").write_bytes(b"no archive")
    digest = hashlib.sha256(b"no archive").hexdigest()
    _, problems = read(tmp_path, catalogue(churn=entry(artifact="other.tar.gz", sha256=digest)))
    assert problems == [
        "releases.json: models.churn.artifact: 'other.tar.gz': Not a gzipped file (b'no'): must be a tar archive, "
        "compressed by gzip, and whole"
    ]


def test_rejects_unknown_fields_and_names_the_known_ones(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue({"dev": {"prod": "churn"}}, churn=entry(digest="x")))
    assert sorted(problems) == [
        "releases.json: environments.dev.linear-learner.prod: 'churn': unknown field: must be one of "
        "forced, previous, production, rolled_back, shadow",
        "releases.json: models.churn.digest: 'x': unknown field: must be one of artifact, environment, image, sha256, "
        "trained",
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"models": {}'])
def test_rejects_malformed_json_in_one_line(tmp_path: Path, content: str) -> None:
    _, problems = read(tmp_path, content)
    [line] = problems
    assert line.startswith("releases.json: ")
    assert line.endswith((": must be JSON", ": must be an object"))
    assert "\n" not in line


def test_rejects_a_missing_file(tmp_path: Path) -> None:
    _, _, problems = read_releases(tmp_path / "releases.json", NAMES, SETTINGS)
    assert [str(problem) for problem in problems] == [
        "releases.json: missing: must be a file beside main.py that can be read"
    ]


@pytest.mark.parametrize("program", ["../x.py", "/x.py", "a/../../x.py", "//x.py", "..", ".", "", "a/.."])
def test_rejects_handlers_outside_the_artifacts_code(tmp_path: Path, program: str) -> None:
    _, problems = read(tmp_path, catalogue(churn=entry(environment={"SAGEMAKER_PROGRAM": program})))
    assert problems == [
        f"releases.json: models.churn.environment.SAGEMAKER_PROGRAM: {program!r}: must be a file within code/ of the "
        "artifact"
    ]


SKLEARN = {"repository": "sagemaker-scikit-learn", "tag": "1.2-1-cpu-py3"}


def told(folder: Path, members: Members, image: Mapping[str, str] = SKLEARN, **environment: str) -> list[str]:
    """The problems of a model of this artifact, each without its beginning and its page."""
    content = artifact(members)
    (folder / "churn.tar.gz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    named = entry(image=image, artifact="churn.tar.gz", sha256=digest, environment=environment)
    _, problems = read(folder, catalogue(churn=named))
    return [problem.removeprefix("releases.json: models.churn.").split(" (AWS limit")[0] for problem in problems]


@pytest.mark.parametrize(
    ("member", "environment"),
    [
        ("code/inference.py", {}),
        ("code/inference.py", {"SAGEMAKER_PROGRAM": "inference"}),
        ("code/inference.py", {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code/"}),
        ("./code/a/b.py", {"SAGEMAKER_PROGRAM": "a/b.py"}),
        ("code/b.py", {"SAGEMAKER_PROGRAM": "a/../b.py"}),
        ("code/..x.py", {"SAGEMAKER_PROGRAM": "..x.py"}),
        ("src/inference.py", {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/src"}),
        ("inference.py", {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model"}),
    ],
)
def test_the_script_that_a_models_variables_name_is_found_in_its_artifact(
    tmp_path: Path, member: str, environment: dict[str, str]
) -> None:
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code", **environment}
    assert told(tmp_path, {member: b""}, SKLEARN, **variables) == []
    assert told(tmp_path, {"model.joblib": b""}, SKLEARN, **variables) != []


@pytest.mark.parametrize("image", [SKLEARN, {"repository": "pytorch-inference", "tag": "2.6"}])
def test_rejects_an_artifact_without_the_script_that_its_variables_name(tmp_path: Path, image: dict[str, str]) -> None:
    named = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    [line] = told(tmp_path, {"model.joblib": b"", "code/serve.py": special(tarfile.DIRTYPE)}, image, **named)
    lacks = "artifact: 'churn.tar.gz': must hold code/serve.py, with a function model_fn, beside the model's files: it "
    assert line == f"{lacks}holds model.joblib"
    many: Members = {f"model/code/{number}.py": b"" for number in range(9)}
    [line] = told(tmp_path, many, image, **named)
    assert line == f"{lacks}holds {', '.join(f'model/code/{number}.py' for number in range(5))}, ..."


def test_rejects_a_model_of_the_scikit_learn_image_that_does_not_say_which_script_and_where(tmp_path: Path) -> None:
    assert told(tmp_path, {"code/inference.py": b""}) == [
        f"environment.{name}: missing: must be given, as {example}: the image has no default"
        for name, example in (
            ("SAGEMAKER_PROGRAM", "inference.py"),
            ("SAGEMAKER_SUBMIT_DIRECTORY", "/opt/ml/model/code"),
        )
    ]


@pytest.mark.parametrize("folder", ["/opt/ml/code", "code", "/opt/ml/model/../x", "s3://bucket/code.tar.gz", ""])
def test_rejects_a_folder_of_the_script_that_the_artifact_cannot_have(tmp_path: Path, folder: str) -> None:
    variables = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": folder}
    assert told(tmp_path, {"code/inference.py": b""}, SKLEARN, **variables) == [
        f"environment.SAGEMAKER_SUBMIT_DIRECTORY: {folder!r}: must be /opt/ml/model/code, or another folder of the "
        "artifact, which is unpacked into /opt/ml/model"
    ]


CHURN, IMAGE = json.dumps(entry()), json.dumps(entry()["image"])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f'{{"models": {{"churn": {CHURN}, "churn": {CHURN}}}, "environments": {{}}}}', "models: 'churn': given 2"),
        (f'{{"models": {{"churn": {CHURN}}}, "environments": {{}}, "environments": {{}}}}', "'environments': given 2"),
        (
            f'{{"models": {{"churn": {CHURN.replace(IMAGE, IMAGE[:-1] + ", " + IMAGE[1:])}}}, "environments": {{}}}}',
            "models.churn.image: 'repository': given 2",
        ),
        (
            f'{{"models": {{"churn": {CHURN}}}, "environments": {{"dev": {{"linear-learner": {{}}, '
            '"linear-learner": {"production": "churn"}}}}',
            "environments.dev: 'linear-learner': given 2",
        ),
    ],
)
def test_rejects_a_key_that_is_given_twice_at_any_depth(tmp_path: Path, content: str, line: str) -> None:
    _, problems = read(tmp_path, content)
    assert f"releases.json: {line} times: must be given once" in problems


def test_a_key_that_is_given_twice_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    _, problems = read(tmp_path, f'{{"models": {{"churn": {CHURN}, "churn": 5}}, "environments": {{}}}}')
    assert [line.split(": ")[1] for line in problems] == ["models.churn", "models"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b'{"models": "\xff"}',
        b"\0",
        b"{}\0",
        b"[" * 100_000,
        b'{"models":' * 100_000,
        b'{"models": {}, "environments": {"dev": "\\ud800"}}',
        b"[]",
        b'"models"',
        b"9" * 10_000,
        b'{"models": ' + b"9" * 10_000 + b', "environments": 1e999}',
        b'{"models": {"a": NaN}}',
        b'{"models": {}, "environments": {}} {}',
    ],
)
def test_whatever_stands_in_the_file_is_told_in_lines(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "releases.json").write_bytes(content)
    _, _, problems = read_releases(tmp_path / "releases.json", NAMES, SETTINGS)
    assert problems
    for line in map(str, problems):
        assert line.startswith("releases.json: ")
        assert line.isprintable()
        assert len(line) < 1000


ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/ml-platform-dev-churn/3"
KEY = "training-output/ml-platform-dev-churn-1/output/model.tar.gz"
DIGEST = hashlib.sha256(b"in dev's bucket").hexdigest()


def trained(changes: dict[str, Any] | None = None, **of_entry: Any) -> dict[str, Any]:
    """An entry of a model that dev has trained."""
    values = {
        "environment": "dev",
        "model_package": ARN,
        "metric": {"name": "validation:accuracy", "value": 0.986014},
        "size": 2210,
        "commit": "0123456789abcdef0123456789abcdef01234567",
    }
    return entry(artifact=KEY, sha256=DIGEST, trained=values | (changes or {}), **of_entry)


def in_accounts(**changes: Any) -> dict[str, EnvironmentSettings]:
    """The settings, with an account for each, or others."""
    account_ids: dict[str, str | None] = {"dev": "1" * 12, "staging": "2" * 12, "prod": "3" * 12}
    return {
        name: settings.model_copy(update={"account_id": account_ids[name]} | changes.get(name, {}))
        for name, settings in SETTINGS.items()
    }


def read_in(folder: Path, settings: dict[str, EnvironmentSettings], content: object) -> tuple[Any, list[str]]:
    (folder / "model.tar.gz").write_bytes(ARTIFACT)
    (folder / "releases.json").write_text(json.dumps(content))
    releases, _, problems = read_releases(folder / "releases.json", NAMES, settings)
    return releases, [str(problem).split(" (AWS limit")[0] for problem in problems]


def test_a_model_may_come_from_the_environment_that_trained_it(tmp_path: Path) -> None:
    served = {name: {"production": "churn-3"} for name in NAMES}
    releases, problems = read_in(tmp_path, in_accounts(), catalogue(served, **{"churn-3": trained()}))
    assert problems == []
    for name in NAMES:
        production = releases[name]["linear-learner"].production
        assert production.catalogue_name == "churn-3"
        assert production.artifact == TrainedArtifact(
            names=SETTINGS["dev"].names, account_id="1" * 12, key=KEY, sha256=DIGEST, size=2210
        )


def test_in_an_account_that_nobody_names_it_serves_where_it_was_trained(tmp_path: Path) -> None:
    releases, problems = read_in(tmp_path, SETTINGS, catalogue({"dev": {"production": "churn"}}, churn=trained()))
    assert problems == []
    assert releases["dev"]["linear-learner"].production.artifact.account_id is None


def test_in_an_account_that_is_shared_nobody_needs_to_name_it(tmp_path: Path) -> None:
    shared = {name: {"account_id": None, "shares_account": True} for name in NAMES}
    content = catalogue({"prod": {"production": "churn"}}, churn=trained())
    releases, problems = read_in(tmp_path, in_accounts(**shared), content)
    assert problems == []
    assert releases["prod"]["linear-learner"].production.artifact.account_id is None


def test_rejects_a_copy_between_accounts_that_nobody_names(tmp_path: Path) -> None:
    content = catalogue({"staging": {"shadow": "churn", "production": "old"}}, churn=trained(), old=entry())
    _, problems = read_in(tmp_path, SETTINGS, content)
    assert problems == [
        "releases.json: environments.staging.linear-learner.shadow: 'churn': trained in dev: account_id must be given "
        "in stacks/dev.py and stacks/staging.py, or by ML_PLATFORM_DEV_ACCOUNT_ID and ML_PLATFORM_STAGING_ACCOUNT_ID, "
        "as it says whose bucket the artifact is copied from, and who may read it"
    ]
    _, [problem] = read_in(tmp_path, in_accounts(staging={"account_id": None}), content)
    assert "account_id must be given in stacks/staging.py, or by ML_PLATFORM_STAGING_ACCOUNT_ID, as" in problem


def test_rejects_a_model_of_an_environment_that_nothing_is_received_from(tmp_path: Path) -> None:
    of_prod = trained({"environment": "prod", "model_package": ARN.replace("1" * 12, "3" * 12)})
    served = {"dev": {"production": "churn"}, "staging": {"production": "churn"}, "prod": {"production": "churn"}}
    _, problems = read_in(tmp_path, in_accounts(), catalogue(served, churn=of_prod))
    assert problems == [
        "releases.json: environments.dev.linear-learner.production: 'churn': trained in prod: must be trained in dev, "
        "where receives_from leads to",
        "releases.json: environments.staging.linear-learner.production: 'churn': trained in prod: must be trained in "
        "staging or dev, where receives_from leads to",
    ]


@pytest.mark.parametrize(
    ("dev", "now"),
    [({"account_id": "9" * 12}, "account 999999999999, us-east-1"), ({"region": "eu-west-1"}, "eu-west-1")],
)
def test_rejects_a_served_model_whose_environment_has_moved(tmp_path: Path, dev: dict[str, str], now: str) -> None:
    settings = in_accounts(dev={"account_id": None} | dev)
    content = catalogue({"dev": {"production": "churn"}}, churn=trained())
    assert read_in(tmp_path, settings, content)[1] == [
        "releases.json: environments.dev.linear-learner.production: 'churn': trained in account 111111111111, "
        f"us-east-1: must be trained again, as dev is in {now} now"
    ]
    assert read_in(tmp_path, settings, catalogue(churn=trained()))[1] == []


@pytest.mark.parametrize(
    ("key", "sound"),
    [
        (KEY, True),
        ("training-output/a/b=c/d_e-f.1/output/model.tar.gz", True),
        ("training-output/model.tar.gz", True),
        (f"training-output/{'a' * (1024 - len('training-output/.tar.gz'))}.tar.gz", True),
        (f"training-output/{'a' * (1025 - len('training-output/.tar.gz'))}.tar.gz", False),
        ("models/model.tar.gz", False),
        ("training-output/../models/model.tar.gz", False),
        ("training-output/./model.tar.gz", False),
        ("training-output//model.tar.gz", False),
        ("training-output/.tar.gz", False),
        ("training-output/a b/model.tar.gz", False),
        ("training-output/a?versionId=1/model.tar.gz", False),
        ("training-output/${x}/model.tar.gz", False),
        ("training-output/é/model.tar.gz", False),
        ("training-output/a\n/model.tar.gz", False),
        ("Training-output/a/model.tar.gz", False),
    ],
)
def test_a_trained_artifacts_key_is_one_that_others_may_read(tmp_path: Path, key: str, sound: bool) -> None:
    _, problems = read(tmp_path, catalogue(churn=trained() | {"artifact": key}))
    assert (problems == []) is sound
    assert all(problem.startswith(f"releases.json: models.churn.artifact: {key!r}"[:300]) for problem in problems)


@pytest.mark.parametrize(
    ("field", "value", "sound"),
    [
        ("environment", "staging", True),
        ("environment", "qa", False),
        ("environment", "Dev", False),
        ("size", 1, True),
        ("size", 0, False),
        ("size", 5 * 1024**3, True),
        ("size", 5 * 1024**3 + 1, False),
        ("size", "2210", False),
        ("size", 1.5, False),
        ("commit", None, True),
        ("commit", "0" * 39, False),
        ("commit", "G" * 40, False),
        ("metric", {"name": "m", "value": 1}, True),
        ("metric", {"name": "m", "value": -0.5}, True),
        ("metric", {"name": "m", "value": "0.9"}, False),
        ("metric", {"name": "m"}, False),
        ("metric", None, False),
        ("metric", {"name": "", "value": 0.9}, False),
        ("model_package", ARN.replace("arn:aws:", "arn:aws-us-gov:"), True),
        ("model_package", ARN.replace("/3", ""), False),
        ("model_package", ARN.replace("/3", "/0"), False),
        ("model_package", ARN.replace("1" * 12, "1" * 11), False),
        ("model_package", ARN.replace("model-package/", "model-package-group/"), False),
        ("executions", "x", False),
    ],
)
def test_where_a_model_was_trained_is_checked(tmp_path: Path, field: str, value: object, sound: bool) -> None:
    _, problems = read(tmp_path, catalogue(churn=trained({field: value})))
    assert (problems == []) is sound
    assert all(problem.startswith(f"releases.json: models.churn.trained.{field}") for problem in problems)


def test_rejects_a_model_that_s3_does_not_copy_in_one_request(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue(churn=trained({"size": 5 * 1024**3 + 1})))
    assert problems == [
        "releases.json: models.churn.trained.size: 5368709121: must be less than or equal to 5368709120 "
        "(AWS limit: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)"
    ]


def test_a_trained_models_variables_are_checked_as_those_of_a_file_are(tmp_path: Path) -> None:
    _, problems = read(tmp_path, catalogue(churn=trained(image=SKLEARN)))
    assert [problem.split(": ")[1] for problem in problems] == [
        "models.churn.environment.SAGEMAKER_PROGRAM",
        "models.churn.environment.SAGEMAKER_SUBMIT_DIRECTORY",
    ]


def test_the_name_of_a_file_stays_what_it_was_and_training_is_no_part_of_it() -> None:
    of_file = ModelEntry.model_validate(entry(environment={"A": "b"}, sha256="0" * 64))
    # As it was before a model could come from a training: another name would replace every endpoint's model.
    assert of_file.released_name("churn") == "churn-acc0e60f"
    of_training = ModelEntry.model_validate(trained())
    again = ModelEntry.model_validate(trained({"commit": None, "size": 1, "environment": "staging"}))
    assert of_training.released_name("churn") == again.released_name("churn")
    other = ModelEntry.model_validate(trained() | {"sha256": "0" * 64})
    assert of_training.released_name("churn") != other.released_name("churn")


def test_what_served_before_is_kept_beside_what_serves_each_once(tmp_path: Path) -> None:
    served = {"production": "b", "shadow": "c", "previous": "a", "rolled_back": True}
    models = {name: entry(environment={"NAME": name}) for name in "abc"}
    releases, problems = read(tmp_path, catalogue({"staging": served}, **models))
    assert problems == []
    release = releases["staging"]
    assert {variant: model.catalogue_name for variant, model in release.models.items()} == {
        "production": "b",
        "shadow": "c",
    }
    assert [model.catalogue_name for model in release.kept] == ["b", "c", "a"]
    releases, _ = read(tmp_path, catalogue({"staging": served | {"previous": "c"}}, **models))
    assert [model.catalogue_name for model in releases["staging"].kept] == ["b", "c"]


@pytest.mark.parametrize(
    ("served", "line"),
    [
        ({"previous": "a"}, "previous: 'a': must stand beside a production model"),
        ({"production": "a", "previous": "a"}, "previous: 'a': must be another model than the production model"),
        ({"production": "a", "previous": "x"}, "previous: 'x': must be one of a, b"),
        (
            {"production": "a", "rolled_back": True},
            "rolled_back: True: must stand beside a previous model, the one that was rolled back",
        ),
        ({"production": "a", "rolled_back": "yes"}, "rolled_back: 'yes': must be a valid boolean"),
        ({"forced": {"reason": "x", "refused": []}}, "forced: must stand beside a production model"),
        ({"production": "a", "forced": {"refused": []}}, "forced.reason: missing: must be given"),
        (
            {"production": "a", "forced": {"reason": "a\nb", "refused": []}},
            "forced.reason: 'a\\nb': must be one line, without control characters",
        ),
        (
            {"production": "a", "forced": {"reason": "x", "refused": ["\x1b[2J"]}},
            "forced.refused.0: '\\x1b[2J': must be one line, without control characters",
        ),
        ({"production": "a", "forced": "x"}, "forced: 'x': must be an object"),
    ],
)
def test_rejects_what_no_command_would_leave_beside_a_release(
    tmp_path: Path, served: dict[str, Any], line: str
) -> None:
    _, problems = read(tmp_path, catalogue({"staging": served}, a=entry(), b=entry(environment={"A": "b"})))
    assert problems == [f"releases.json: environments.staging.linear-learner.{line}"]


def test_a_previous_model_must_fit_its_environment_too(tmp_path: Path) -> None:
    long = "m" * 60
    _, [problem] = read(
        tmp_path, catalogue({"dev": {"production": "a", "previous": long}}, a=entry(), **{long: entry()})
    )
    assert problem.startswith(f"releases.json: environments.dev.linear-learner.previous: {long!r}: the SageMaker model")


def test_why_a_promotion_was_forced_is_kept(tmp_path: Path) -> None:
    forced = {"reason": "the demo does not wait", "refused": ["dev: linear-learner: served for 2 minutes"]}
    _, problems = read(tmp_path, catalogue({"dev": {"production": "churn", "forced": forced}}))
    assert problems == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rejects_two_branches_that_git_could_not_merge_in_one_line(tmp_path: Path, end: str) -> None:
    lines = ["{", "<<<<<<< HEAD", '"models": {},', "=======", '"models": {"a": 1},', ">>>>>>> other", '"x": 1}', ""]
    assert read(tmp_path, end.join(lines))[1] == [
        "releases.json: line 2 is git's conflict marker <<<<<<<: two branches have changed the same lines: what is to "
        "stay of both must be kept, and the markers be deleted"
    ]
    left = read(tmp_path, end.join([*lines[:1], *lines[2:]]))[1]
    assert left[0].startswith("releases.json: line 3 is git's conflict marker =======: ")


def test_a_word_of_a_conflict_within_a_text_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, catalogue(churn=entry(environment={"A": "<<<<<<< HEAD"})))[1] == []


def test_all_models_are_given_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(ARTIFACT)
    path = tmp_path / "releases.json"
    path.write_text(json.dumps(catalogue(churn=entry(), fraud=trained())))
    _, models, problems = read_releases(path, NAMES, SETTINGS)
    assert problems == []
    assert {name: model.trained is None for name, model in models.items()} == {"churn": True, "fraud": False}


def test_the_shipped_file_is_written_as_commands_write_it() -> None:
    text = (ROOT / "releases.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_what_is_wrong_with_the_settings_of_who_trained_a_model_is_told_alone(tmp_path: Path) -> None:
    """Of such an environment nothing is known here: its settings' own problems are told where they are read."""
    sound = {name: settings for name, settings in in_accounts().items() if name != "dev"}
    content = catalogue({"staging": {"production": "churn-dev-3"}}, **{"churn-dev-3": trained()})
    assert read_in(tmp_path, sound, content)[1] == []
