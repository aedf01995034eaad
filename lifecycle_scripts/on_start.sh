#!/bin/bash
# Runs as root at every start of the notebook instance. Brings notebooks that reached the data bucket since: what is in
# the user's folder already stays as it is, with the user's work in it.
# Never fails the start: a bucket out of reach must not lock anybody out of their notebooks.
# Terraform puts their values in the places of the markers below.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnStart. Time limit: 5 minutes.
set -uo pipefail

bucket='@DATA_BUCKET@'
training_role='@TRAINING_ROLE_ARN@'
# Without a region aws asks for S3 in us-east-1, to which a network of our own has no way.
export AWS_DEFAULT_REGION='@REGION@'
home=/home/ec2-user
# Jupyter's own environment; python3 has nbconvert too, should the platform change.
for jupyter in "$home"/anaconda3/envs/{JupyterSystemEnv,python3}/bin/jupyter; do
  [ ! -x "$jupyter" ] || break
done

bring() {
  local name=$1
  aws s3 cp "s3://$bucket/notebooks/$name" "$name" --no-progress &&
    sed --in-place "s|<DATA_BUCKET>|$bucket|g; s|<TRAINING_ROLE_ARN>|$training_role|g" -- "$name" &&
    chown --recursive ec2-user:ec2-user . &&
    sudo --set-home --user ec2-user "$jupyter" nbconvert --clear-output --inplace "$name" &&
    mv --no-clobber -- "$name" "$home/SageMaker/"
}

staging=$(mktemp --directory)
trap 'rm -rf "$staging"' EXIT
cd "$staging" || exit 0
aws s3 ls "s3://$bucket/notebooks/" >listing || echo "on_start: cannot list s3://$bucket/notebooks/" >&2
# A line of the listing: date, time, size, name.
while read -r _ _ _ name; do
  case $name in
    Lab1*.ipynb | PythonCheatSheet*.ipynb)
      [ -e "$home/SageMaker/$name" ] || bring "$name" </dev/null || echo "on_start: $name could not be brought" >&2
      ;;
  esac
done <listing
exit 0
