#!/bin/bash
# Runs as root at every start of the notebook instance. Brings notebooks that reached the data bucket since: what is in
# the user's folder already stays as it is, with the user's work in it.
# Never fails the start: a bucket out of reach must not lock anybody out of their notebooks.
# Terraform puts the bucket's name in the place of the marker below.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnStart. Time limit: 5 minutes.
set -uo pipefail

bucket='@DATA_BUCKET@'
user=ec2-user
home=/home/$user/SageMaker
jupyter=/home/$user/anaconda3/envs/JupyterSystemEnv/bin/jupyter

bring() {
  local staging=$1 name=$2
  aws s3 cp "s3://$bucket/notebooks/$name" "$staging/$name" --no-progress &&
    sed --in-place "s/<DATA_BUCKET>/$bucket/g" "$staging/$name" &&
    chown --recursive "$user:$user" "$staging" &&
    sudo --user "$user" "$jupyter" nbconvert --clear-output --inplace "$staging/$name" &&
    mv --no-clobber "$staging/$name" "$home/$name"
}

staging=$(mktemp --directory)
trap 'rm -rf "$staging"' EXIT
aws s3 ls "s3://$bucket/notebooks/" >"$staging/listing" || echo "on_start: cannot list s3://$bucket/notebooks/" >&2
# A line of the listing: date, time, size, name.
while read -r _ _ _ name; do
  case $name in
    Lab1*.ipynb | PythonCheatSheet*.ipynb)
      [ -e "$home/$name" ] || bring "$staging" "$name" || echo "on_start: $name could not be brought" >&2
      ;;
  esac
done <"$staging/listing"
exit 0
