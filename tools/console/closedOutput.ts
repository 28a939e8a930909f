/**
 * Lets the process go on when nobody reads its output any more: the other end of a pipe is gone (EPIPE), or the
 * terminal (EIO). By default Node would end it in the middle of its work. Any other fault, such as a full disk, still
 * does.
 */
export function outliveReaders(): void {
  let hasTerminal = true;
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
      if (error.code === "EIO") hasTerminal = false;
    });
  // At its end Node resets the terminal, and Node 20 aborts where that is gone (nodejs/node pull request 58200): a core
  // dump would hold secrets.
  process.on("exit", () => {
    if (!hasTerminal) process.kill(process.pid, "SIGKILL");
  });
}
