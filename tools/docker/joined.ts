import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * One connection of two streams: it gives what `output` gives, and `input` gets what is written to it. The caller ends
 * it, or breaks it, as the two do; an error in writing must show elsewhere too. Not `Duplex.from`: to destroy that is
 * an error.
 *
 * @param close ends what is behind the two streams, once the connection is destroyed
 */
export function joined(output: Readable, input: Writable, close: () => void): Duplex {
  const connection = new Duplex({
    allowHalfOpen: false,
    read: () => void output.resume(),
    write: (piece: Buffer, _encoding, done) =>
      void input.write(piece, (error) => {
        if (!error) done();
      }),
    final: (done) => void input.end(done),
    destroy: (error, done) => {
      close();
      done(error);
    },
  });
  output.on("data", (piece: Buffer) => connection.push(piece) || output.pause());
  return connection;
}
