/* global module */
// Every file has one room, and rooms import downwards only. ESLint's own import rules ignore `import type`; this does
// not.
const rooms = [
  // From the top down: a room may import those below it.
  ["index.ts", "^index\\.ts$"],
  ["test", "^(test/|vitest\\.config)"],
  ["tools/dev/reference", "^tools/dev/reference/"],
  ["tools/cli.ts", "^tools/(cli\\.ts|(ts|program)\\.cjs)$"],
  ["tools/dev", "^tools/dev/(?!reference/)"],
  ["tools/commands", "^tools/commands/"],
  ["tools/graph", "^tools/graph/"],
  ["tools/status", "^tools/status/"],
  ["tools/verify", "^tools/verify/"],
  ["tools/leaks", "^tools/leaks/"],
  ["tools/offline", "^tools/offline/"],
  ["tools/pulumi", "^tools/pulumi/"],
  ["tools/docker", "^tools/docker/"],
  ["tools/console", "^tools/console/"],
  ["policy", "^policy/"],
  ["examples", "^examples/"],
  ["stack", "^stack/"],
  ["components", "^components/[^/]+$"],
  ["components/docker", "^components/docker/"],
  ["runtime", "^runtime/"],
  ["components/core", "^components/core/"],
  ["images", "^images/"],
];

module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "every-file-has-a-room",
      comment: "add the folder to the rooms of this file, or move the file",
      severity: "error",
      from: { pathNot: rooms.map(([, path]) => path).concat("^node_modules/") },
      to: {},
    },
    ...rooms.slice(1).map(([room, path], index) => ({
      name: `${room.replaceAll(/[/.]/g, "-")}-imports-downwards`,
      severity: "error",
      from: { path },
      to: { path: rooms.slice(0, index + 1).map(([, above]) => above) },
    })),
    {
      name: "examples-use-the-public-api",
      severity: "error",
      from: { path: "^examples/" },
      to: { pathNot: ["^components/index\\.ts$", "^node_modules/", "^examples/"], dependencyTypesNot: ["core"] },
    },
    {
      name: "program-knows-no-tools",
      severity: "error",
      from: { path: "^index\\.ts$" },
      to: { path: "^(tools|test)/" },
    },
    {
      name: "offline-can-be-deleted",
      comment: "tools/pulumi/environment.ts loads tools/offline if the folder exists; nothing else may know it",
      severity: "error",
      from: { pathNot: "^(tools/offline|test/unit/tools/offline)/" },
      to: { path: "^tools/offline/" },
    },
    {
      name: "program-needs-dependencies-only",
      comment: "`npm ci --omit=dev && pulumi up` works: what the program and its images are made of is in dependencies",
      severity: "error",
      from: { path: "^(index\\.ts$|(stack|components|runtime|images)/)" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "core-is-pure",
      severity: "error",
      from: { path: "^(components/core|runtime|images)/" },
      to: { path: "node_modules/@pulumi/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
    exclude: { path: "^\\.town-ator/" },
  },
};
