// Which shapes of files Node reads. Arguments: the list of shapes, the port of a server by the CA.
import fs from "node:fs";
import tls from "node:tls";

const [list, port] = process.argv.slice(2);

function loads({ certificate, key, passphrase }) {
  tls.createSecureContext({
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
    passphrase: passphrase ?? undefined,
  });
}

function trusts({ file }) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", servername: "localhost", port, ca: fs.readFileSync(file) };
    const socket = tls.connect(options, () => resolve(socket.end()));
    socket.on("error", reject);
  });
}

const said = {};
for (const shape of JSON.parse(fs.readFileSync(list))) {
  try {
    await (shape.role === "ca" ? trusts(shape) : loads(shape));
    said[shape.slug] = "";
  } catch (error) {
    said[shape.slug] = String(error.code ?? error.message);
  }
}
console.log(JSON.stringify(said));
