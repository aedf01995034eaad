#!/bin/bash
# Runs once, as root, when the notebook instance is created; a failure here fails the creation.
# Brings the notebooks of the data bucket to ec2-user: outputs cleared, the names filled in.
# Terraform puts their values in the places of the markers below.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnCreate. Time limit: 5 minutes.
set -euo pipefail

bucket='@DATA_BUCKET@'
training_role='@TRAINING_ROLE_ARN@'
# Without a region aws asks for S3 in us-east-1, to which a network of our own has no way.
export AWS_DEFAULT_REGION='@REGION@'
home=/home/ec2-user
# Jupyter's own environment; python3 has nbconvert too, should the platform change.
for jupyter in "$home"/anaconda3/envs/{JupyterSystemEnv,python3}/bin/jupyter; do
  [ ! -x "$jupyter" ] || break
done

staging=$(mktemp --directory)
trap 'rm -rf "$staging"' EXIT
cd "$staging"

aws s3 cp "s3://$bucket/notebooks/" . --recursive --no-progress \
  --exclude '*' --include 'Lab1*.ipynb' --include 'PythonCheatSheet*.ipynb'
shopt -s nullglob
notebooks=(*.ipynb)
if [ ${#notebooks[@]} -eq 0 ]; then
  echo "on_create: no Lab1*.ipynb and no PythonCheatSheet*.ipynb in s3://$bucket/notebooks/" >&2
  exit 1
fi

# People upload notebooks with placeholders; the names are filled in here. A bar separates: a role's ARN has slashes.
sed --in-place "s|<DATA_BUCKET>|$bucket|g; s|<TRAINING_ROLE_ARN>|$training_role|g" -- "${notebooks[@]}"
chown --recursive ec2-user:ec2-user .
sudo --set-home --user ec2-user "$jupyter" nbconvert --clear-output --inplace "${notebooks[@]}"
mv -- "${notebooks[@]}" "$home/SageMaker/"
