// Started as the package's README starts it: `node oauth2_mock_server.js ALGORITHM`; prints its port.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate(process.argv[2]);
await server.start(0, '127.0.0.1');
console.log(server.address().port);
