import { describe, expect, it, test } from "vitest";
import {
  addressPlan,
  defaultLocalSubnet,
  defaultSubnets,
  overlap,
  parseSubnet,
  sidecarsIn,
} from "../../../components/core/subnets";

describe("a subnet", () => {
  test.each([
    ["10.1.2.0/27", { base: 0x0a010200, prefix: 27 }],
    ["172.16.0.0/16", { base: 0xac100000, prefix: 16 }],
    ["192.168.255.240/28", { base: 0xc0a8fff0, prefix: 28 }],
  ])("%s is read", (text, subnet) => {
    expect(parseSubnet(text)).toEqual(subnet);
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
    "010.1.2.0/27",
    "0.0.0.0/24",
    "127.0.0.0/24",
    "224.0.0.0/24",
    "255.255.255.0/24",
    "",
  ])("%j is refused", (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  });

  test.each([
    ["10.1.2.0/27", "10.1.2.0/27", true],
    ["10.1.2.0/24", "10.1.2.224/27", true],
    ["10.1.2.224/27", "10.1.0.0/16", true],
    ["10.1.2.0/27", "10.1.2.32/27", false],
    ["223.255.0.0/16", "1.0.0.0/16", false],
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
      third: "10.1.2.4",
      last: "10.1.2.31",
      ipRange: "10.1.2.16/28",
    });
    expect(addressPlan("10.1.2.240/28").ipRange).toBe("10.1.2.248/29");
    expect(addressPlan("200.1.0.0/16").ipRange).toBe("200.1.128.0/17");
  });
});

describe("the default subnets", () => {
  const within = (text: string, base: string, prefix: number) =>
    overlap(parseSubnet(text)!, { base: parseSubnet(base)!.base, prefix });

  it("are the same for the same owner and others for another", () => {
    expect(defaultSubnets("dev", ["home"]).get("home")).toBe("10.139.80.96/27");
    expect(defaultSubnets("prod", ["home"]).get("home")).not.toBe("10.139.80.96/27");
    expect(defaultLocalSubnet("dev")).not.toBe(defaultLocalSubnet("prod"));
  });

  it("are a /27 of 10.128.0.0/9 for every town and never overlap", () => {
    // Of two thousand names, about eight pairs hash to the same network.
    const names = Array.from({ length: 2000 }, (_, index) => `t${index}`);
    const subnets = [...defaultSubnets("dev", names).values()];
    expect(subnets).toHaveLength(2000);
    expect(new Set(subnets).size).toBe(2000);
    for (const subnet of subnets) {
      expect(parseSubnet(subnet)?.prefix).toBe(27);
      expect(within(subnet, "10.128.0.0/16", 9)).toBe(true);
    }
  });

  it("of a town stay where they are when another is added, unless the two would meet", () => {
    const names = Array.from({ length: 2000 }, (_, index) => `t${index}`);
    const all = defaultSubnets("dev", names);
    const moved = names.filter((name) => defaultSubnets("dev", [name]).get(name) !== all.get(name));
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(20);
  });

  it("are a /24 of 10.64.0.0/10 for the relays, where no town is", () => {
    for (let index = 0; index < 200; index++) {
      const subnet = defaultLocalSubnet(`s${index}`);
      expect(parseSubnet(subnet)?.prefix).toBe(24);
      expect(within(subnet, "10.64.0.0/16", 10)).toBe(true);
    }
  });

  it("have room for as many sidecars as Docker has addresses to give, less one for verify and the last", () => {
    expect(sidecarsIn(parseSubnet("10.1.0.0/24")!)).toBe(126);
    expect(sidecarsIn(parseSubnet("10.1.0.0/28")!)).toBe(6);
  });
});
