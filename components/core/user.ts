/**
 * The uid and gid of every container, one that nobody else on a host has: another process of the same uid could read a
 * container's environment and files through /proc, and signal its processes. systemd lists 65520 to 65533 as unused
 * (docs/UIDS-GIDS.md, "Summary"): below are logins (1000 to 60000), systemd-homed (60001 to 60513) and dynamic users
 * (61184 to 65519), above are nobody (65534) and the ranges of user namespaces (useradd's subordinate uids, 65536 or
 * 100000 and up, and systemd-nspawn's, 524288 to 1879048191). Debian reserves 65000 to 65533 (Policy 9.2.2). A uid
 * below 65536 also exists in a Docker daemon with userns-remap. 65532, which images without a shell often run as, is
 * avoided.
 */
export const UID = 65527;

/** {@link UID} as Docker takes it. The Dockerfile of images/anon names the same. */
export const USER = `${UID}:${UID}`;
