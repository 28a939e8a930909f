import { describe, expect, it, test } from "vitest";
import { addressPlan, defaultSubnet, overlap, parseSubnet } from "../../../components/core/subnets";

describe("a subnet", () => {
  test.each(["10.1.2.0/27", "172.16.0.0/16", "192.168.255.240/28"])("%s is read", (text) => {
    expect(parseSubnet(text)).toBeDefined();
  });

  test.each([
    "10.1.2.0",
    "10.1.2.1/27",
    "10.1.2.0/29",
    "10.0.0.0/8",
    "10.1.256.0/24",
    "10.1.2/24",
    "fd00::/64",
    "10.1.2.0/27 ",
    "",
  ])("%j is refused", (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  });

  test.each([
    ["10.1.2.0/27", "10.1.2.0/27", true],
    ["10.1.2.0/24", "10.1.2.224/27", true],
    ["10.1.2.224/27", "10.1.0.0/16", true],
    ["10.1.2.0/27", "10.1.2.32/27", false],
    ["255.255.0.0/16", "0.0.0.0/16", false],
  ])("%s and %s overlap: %s", (a, b, expected) => {
    expect(overlap(parseSubnet(a)!, parseSubnet(b)!)).toBe(expected);
  });
});

describe("an address plan", () => {
  it("keeps Docker's own pool apart from the gateway and the static addresses", () => {
    expect(addressPlan("10.1.2.0/27")).toEqual({
      subnet: "10.1.2.0/27",
      gateway: "10.1.2.1",
      first: "10.1.2.2",
      second: "10.1.2.3",
      ipRange: "10.1.2.16/28",
    });
    expect(addressPlan("10.1.2.240/28").ipRange).toBe("10.1.2.248/29");
    expect(addressPlan("200.1.0.0/16").ipRange).toBe("200.1.128.0/17");
  });
});

describe("the default subnet", () => {
  it("is the same for the same owner and another for another", () => {
    expect(defaultSubnet("dev", "home")).toBe("10.139.80.96/27");
    expect(
      new Set([
        defaultSubnet("dev"),
        defaultSubnet("dev", "home"),
        defaultSubnet("dev", "away"),
        defaultSubnet("prod", "home"),
      ]).size,
    ).toBe(4);
  });

  it("is a valid /27 of 10.128.0.0/9 for every owner", () => {
    const half = parseSubnet("10.128.0.0/16")!;
    for (let index = 0; index < 2000; index++) {
      const subnet = parseSubnet(defaultSubnet("dev", `t${index}`));
      expect(subnet?.prefix).toBe(27);
      expect(overlap(subnet!, { base: half.base, prefix: 9 })).toBe(true);
    }
  });
});
