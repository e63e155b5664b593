// A Plimsoll policy in plain JavaScript: images come from registries that the operator allows.
//
// It has no SDK. It reads each object as JSON (`json`), and says where with a JSON pointer; the host finds line and column.

import { about, json, len } from "plimsoll:policy/bundle@0.1.0";

const SETTINGS_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  additionalProperties: false,
  properties: {
    registries: {
      description: "Registries that images may come from, each perhaps with the start of a path: `registry.example.com/shop`.",
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["registry.k8s.io"],
    },
  },
};

const RULES = [
  {
    id: "foreign-registry",
    title: "image comes from a registry that is not allowed",
    severity: "warning",
    kinds: [
      "Pod",
      "Deployment.apps",
      "StatefulSet.apps",
      "DaemonSet.apps",
      "ReplicaSet.apps",
      "Job.batch",
      "CronJob.batch",
    ],
    context: [],
    previous: false,
  },
];

const PAGE = `# image-registry/foreign-registry

## What it checks

The image of every container, init container and ephemeral container: its registry (and path, where the settings give one)
must be among those allowed. An image without a registry comes from \`docker.io\`.

## Why it matters

What runs in the cluster is only as trustworthy as where it came from.

## Examples

\`\`\`yaml bad
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: docker.io/library/nginx:1.29 # warning: foreign-registry
\`\`\`

\`\`\`yaml good
apiVersion: v1
kind: Pod
metadata:
  name: pause
spec:
  containers:
    - name: pause
      image: registry.k8s.io/pause:3.10
\`\`\`

## How to fix

Push the image to an allowed registry and name it from there, or add its registry to the settings.

## Settings

\`registries\`: what images may come from; \`["registry.k8s.io"]\` unless set.

## When to waive it

While an image moves to an allowed registry.

## References

- Kubernetes: Images, Image names
`;

export const judge = {
  describe() {
    return {
      name: "image-registry",
      version: "0.1.0",
      summary: "Images come from registries that the operator allows.",
      rules: RULES,
      settingsSchema: JSON.stringify(SETTINGS_SCHEMA),
    };
  },

  explain(rule) {
    return rule === 0 ? PAGE : "";
  },

  // What is thrown is the error: why the policy cannot judge.
  check(rules, settings) {
    const allowed = readSettings(settings);
    const violations = [];
    if (!Array.from(rules).includes(0)) {
      return violations;
    }
    for (let object = 0; object < len(); object++) {
      if (about(object)?.role !== "subject") {
        continue;
      }
      for (const { image, path } of images(JSON.parse(json(object)))) {
        if (isFinal(image) && !allowed.some((prefix) => comesFrom(image, prefix))) {
          violations.push(violation(object, path, image, allowed));
        }
      }
    }
    return violations;
  },
};

// The host has checked the settings against the schema. What it cannot say is checked here, before anything is judged.
function readSettings(text) {
  const { registries = ["registry.k8s.io"] } = text === "" ? {} : JSON.parse(text);
  const wrong = registries.find((prefix) => prefix.includes("://") || prefix.endsWith("/"));
  if (wrong !== undefined) {
    throw `settings: registries: \`${wrong}\` is no registry: write it as in an image, without scheme and final slash`;
  }
  return registries;
}

// Every image of an object, with the JSON pointer to it.
function* images(object) {
  const path = podSpecPath(object);
  const pod = path?.reduce((value, key) => value?.[key], object);
  for (const field of ["initContainers", "containers", "ephemeralContainers"]) {
    const containers = Array.isArray(pod?.[field]) ? pod[field] : [];
    for (const [index, container] of containers.entries()) {
      if (typeof container?.image === "string") {
        yield { image: container.image, path: `/${[...path, field, index, "image"].join("/")}` };
      }
    }
  }
}

function podSpecPath({ apiVersion, kind }) {
  switch (`${apiVersion} ${kind}`) {
    case "v1 Pod":
      return ["spec"];
    case "apps/v1 Deployment":
    case "apps/v1 StatefulSet":
    case "apps/v1 DaemonSet":
    case "apps/v1 ReplicaSet":
    case "batch/v1 Job":
      return ["spec", "template", "spec"];
    case "batch/v1 CronJob":
      return ["spec", "jobTemplate", "spec", "template", "spec"];
    default:
      return undefined;
  }
}

// What a template decides later is unknown: silence.
function isFinal(image) {
  return image !== "" && !/\$\{|\{\{|\$\(/.test(image);
}

function comesFrom(image, prefix) {
  const first = image.split("/")[0];
  const hasRegistry = image.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const full = hasRegistry ? image : `docker.io/${image.includes("/") ? "" : "library/"}${image}`;
  return full.startsWith(`${prefix}/`);
}

function violation(object, path, image, allowed) {
  return {
    rule: 0,
    severity: undefined,
    confidence: "certain",
    message: `image \`${image}\` comes from a registry that is not allowed`,
    help: `Allowed: ${allowed.map((prefix) => `\`${prefix}\``).join(", ") || "none"}.`,
    at: { tag: "pointer", val: { object, path } },
    within: undefined,
    sensitive: false,
    related: [],
    fix: undefined,
  };
}
