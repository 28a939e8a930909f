import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { OTHER_TARGETS, program } from "../../tools/cli";

interface Job {
  readonly if?: string;
  readonly environment?: string;
  readonly permissions?: Record<string, string>;
  readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: Record<string, unknown> }[];
}
interface Workflow {
  readonly on: string | Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}

const FOLDER = path.join(__dirname, "..", "..", ".github", "workflows");
const texts = new Map(fs.readdirSync(FOLDER).map((file) => [file, fs.readFileSync(path.join(FOLDER, file), "utf8")]));
const workflows = [...texts].map(([file, text]) => [file, parse(text) as Workflow, text] as const);
const events = ({ on }: Workflow) => (typeof on === "string" ? [on] : Object.keys(on));
const jobs = workflows.flatMap(([file, workflow]) =>
  Object.entries(workflow.jobs).map(([name, job]) => [`${file}: ${name}`, job, workflow] as const),
);

describe("the workflows", () => {
  it.each(workflows)("%s names actions by commit, with the version beside it", (_file, _workflow, text) => {
    const uses = text.match(/uses: .*/g) ?? [];
    expect(uses.filter((line) => !/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    expect(uses.length).toBeGreaterThan(0);
  });

  it.each(workflows)(
    "%s is never started by a stranger's change with the rights of this repository",
    (_file, workflow) => {
      for (const event of ["pull_request_target", "workflow_run", "issue_comment"])
        expect(events(workflow)).not.toContain(event);
    },
  );

  it.each(jobs)("%s gets secrets only where no stranger's code runs", (_name, job, workflow) => {
    if (!/secrets\./.test(JSON.stringify(job))) return;
    const conditions: Record<string, string> = {
      pull_request: "github.event.pull_request.head.repo.full_name == github.repository",
      workflow_dispatch: "",
      schedule: "",
    };
    for (const event of events(workflow)) {
      expect(Object.keys(conditions)).toContain(event);
      expect(job.if ?? "").toContain(conditions[event]);
    }
  });

  it.each(jobs)("%s has the least permissions, and leaves no token in the clone", (name, job, workflow) => {
    const expected: Record<string, Record<string, string>> = {
      "preview.yml: preview": { contents: "read", "pull-requests": "write" },
      "drift.yml: drift": { contents: "read", issues: "write" },
    };
    expect(job.permissions ?? workflow.permissions).toEqual(expected[name] ?? { contents: "read" });
    const checkout = job.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkout?.with?.["persist-credentials"]).toBe(false);
  });

  it.each(jobs)(
    "%s puts nothing that others write into a script, and runs commands that there are",
    (_name, { steps }) => {
      const known = [...program.commands.map((command) => command.name()), ...Object.keys(OTHER_TARGETS)];
      for (const { run = "" } of steps) {
        expect(run).not.toContain("${{");
        for (const [, target] of run.matchAll(/\bmake (?:--silent )?([\w-]+)/g)) expect(known).toContain(target);
      }
    },
  );

  it.each([
    ["preview.yml", "preview", "comment.md"],
    ["drift.yml", "drift", "drift.md"],
  ])("%s fails and posts nothing where there is no preview", (file, name, output) => {
    const { steps } = (parse(texts.get(file)!) as Workflow).jobs[name]!;
    expect(steps.at(-2)!.run).toMatch(new RegExp(`^make --silent preview-comment.* > ${output}$`));
    expect(JSON.stringify(steps)).not.toContain("continue-on-error");
    expect(posting(steps, output, "")).toEqual({ status: 0, asked: [] });
  });

  it.each([
    ["preview.yml", "preview", "comment.md"],
    ["drift.yml", "drift", "drift.md"],
  ])("%s fails and posts nothing new where GitHub does not say what it has posted before", (file, name, output) => {
    const { steps } = (parse(texts.get(file)!) as Workflow).jobs[name]!;
    const { status, asked } = posting(steps, output, "a change\n");
    expect(status).not.toBe(0);
    expect(asked).toEqual([expect.stringMatching(/^api --paginate /)]);
  });

  /** Runs the last step of a job, which posts `text`, with a `gh` that fails: how it ends, and what it asks. */
  function posting(steps: Workflow["jobs"][string]["steps"], output: string, text: string) {
    const folder = fs.mkdtempSync(path.join(tmpdir(), "town-ator-"));
    try {
      fs.writeFileSync(path.join(folder, output), text);
      fs.writeFileSync(path.join(folder, "gh"), `#!/bin/sh\necho "$@" >>asked\nexit 1\n`, { mode: 0o755 });
      fs.writeFileSync(path.join(folder, "asked"), "");
      const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, STACK: "dev", GITHUB_REPOSITORY: "o/r" };
      const { status } = spawnSync("bash", ["-e", "-c", steps.at(-1)!.run!], { cwd: folder, env });
      const asked = fs.readFileSync(path.join(folder, "asked"), "utf8").split("\n").filter(Boolean);
      return { status, asked };
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }

  it("deploy only from main, and only in the stack's environment, whose reviewers approve", () => {
    const { up } = (parse(texts.get("up.yml")!) as Workflow).jobs;
    expect(up).toMatchObject({ if: "github.ref == 'refs/heads/main'", environment: "${{ inputs.stack }}" });
  });

  it("use an environment, which has a stack's secrets, only from main", () => {
    const withSecrets = jobs.filter(([, { environment }]) => environment !== undefined);
    expect(withSecrets.map(([name]) => name)).toEqual(["drift.yml: drift", "up.yml: up"]);
    for (const [, job] of withSecrets) expect(job.if?.split(" && ")).toContain("github.ref == 'refs/heads/main'");
  });

  /** The script of the only step that talks to GitHub. */
  const speaking = (file: string) =>
    jobs.find(([name]) => name.startsWith(file))![1].steps.find(({ run }) => run?.includes("gh "))!.run!;

  it("edit the comment and the issue that they wrote themselves, and no other", () => {
    for (const file of ["preview.yml", "drift.yml"])
      expect(speaking(file)).toMatch(/select\(.*\.user\.login == "github-actions\[bot\]".*\)/);
    // Not found by words: these are also in the title of the stack prod-eu.
    expect(speaking("drift.yml")).toContain(".title == $ENV.TITLE");
  });
});
