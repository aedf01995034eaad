// Decides requests by IAM policies: a JSON list of simulations on standard input, a list of decisions on standard output.
// https://www.npmjs.com/package/@cloud-copilot/iam-simulate
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { readFileSync } from "node:fs";

const decisions = [];
for (const simulation of JSON.parse(readFileSync(0, "utf8"))) {
  const found = await runSimulation(simulation, {});
  decisions.push(found.overallResult ?? `error: ${JSON.stringify(found.errors)}`);
}
console.log(JSON.stringify(decisions));
