import { expect, test } from "vitest";
import { BASES, defaultBase } from "../../../../tools/docker/baseImages";

test.each(BASES)("$dockerfile names a public base image by its digest", ({ dockerfile }) => {
  expect(defaultBase(dockerfile)).toMatch(/^(debian|node):[\w.-]+@sha256:[0-9a-f]{64}$/);
});
