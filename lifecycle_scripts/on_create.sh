#!/bin/bash
# Runs once, as root, when the notebook instance is created; a failure here fails the creation.
# Brings the notebooks of the data bucket to ec2-user: outputs cleared, the bucket's name filled in.
# Terraform puts the bucket's name in the place of the marker below.
# Log: /aws/sagemaker/NotebookInstances, stream <notebook instance>/LifecycleConfigOnCreate. Time limit: 5 minutes.
set -euo pipefail

bucket='@DATA_BUCKET@'
user=ec2-user
home=/home/$user/SageMaker
jupyter=/home/$user/anaconda3/envs/JupyterSystemEnv/bin/jupyter

staging=$(mktemp --directory)
trap 'rm -rf "$staging"' EXIT

aws s3 cp "s3://$bucket/notebooks/" "$staging/" --recursive --no-progress \
  --exclude '*' --include 'Lab1*.ipynb' --include 'PythonCheatSheet*.ipynb'
shopt -s nullglob
notebooks=("$staging"/*.ipynb)
if [ ${#notebooks[@]} -eq 0 ]; then
  echo "on_create: no Lab1*.ipynb and no PythonCheatSheet*.ipynb in s3://$bucket/notebooks/" >&2
  exit 1
fi

# The placeholder stands in the notebooks as people upload them.
sed --in-place "s/<DATA_BUCKET>/$bucket/g" "${notebooks[@]}"
chown --recursive "$user:$user" "$staging"
sudo --user "$user" "$jupyter" nbconvert --clear-output --inplace "${notebooks[@]}"
mv "${notebooks[@]}" "$home/"
