#!/bin/sh
# Record the pictures: a deploy at a terminal, the graphs of both topologies, and how long the steps take Azure.
# Web apps run as processes, so that the pictures are the same with and without a container engine.
set -eu
pictures=$(cd -- "$(dirname -- "$0")" && pwd)/pictures
work=$(mktemp -d)
cd "$work"
export XDG_DATA_HOME="$work/data" DOCKER_HOST="unix://$work/no-engine"
unset MLFLOW_AZURE_EMULATOR_HOME
home=$XDG_DATA_HOME/mlflow-azure/emulator
trap 'mlflow-azure emulator stop; rm -rf "$work"' EXIT

mlflow-azure plan --cloud emulator --graph "$pictures/graph-1.5.0.svg"
mlflow-azure plan --cloud emulator --mlflow 3 --auth --graph "$pictures/graph-3.svg"
mlflow-azure emulator reset --yes
python "$pictures/../picture.py" "$pictures/deploy.svg" mlflow-azure deploy --cloud emulator

control=$(jq -r .control "$home/endpoint.json") ca=$(jq -r .ca_file "$home/endpoint.json")
curl --silent --fail --cacert "$ca" --request PUT "$control/latency" --data '{"profile": "azure", "scale": 1}'
mlflow-azure deploy --cloud emulator --rg-name first --timeline "$pictures/deploy-timeline.svg"
mlflow-azure deploy --cloud emulator --rg-name third --mlflow 3 --auth --timeline "$pictures/deploy-timeline-3.svg"
