// An HTTP/2 server that does what others only do by chance: on Node's own http2. Its first line of output says its
// ports. Arguments: the certificate and its key.
//
//   tls, plain   the paths below
//   leaving      the same by TLS; every session says GOAWAY in the middle of its 23rd request
//   facts        by HTTP/1.1: what it saw, as JSON

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import http2 from 'node:http2';

const [certificate, key] = process.argv.slice(2);
const secure = { cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: false };
const settings = { initialWindowSize: 1 << 20, maxConcurrentStreams: 50 };
const LAST = 23;
const PIECE = 1 << 16;
const CRCS = Int32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

let facts;
const refused = new Set();

function forget() {
  facts = { sessions: 0, open: facts?.open ?? 0, requests: [], resets: [], received: 0, settings: [], goaways: 0 };
}
forget();

function onSession(session) {
  facts.sessions += 1;
  facts.open += 1;
  session.number = facts.sessions;
  session.streams = 0;
  session.on('remoteSettings', (given) => facts.settings.push(given));
  session.on('close', () => { facts.open -= 1; });
  session.on('error', () => {});
}

function json(stream, value, status = 200) {
  stream.respond({ ':status': status, 'content-type': 'application/json' });
  stream.end(JSON.stringify(value));
}

// Every piece starts with its number; the rest of it stays the same.
function large(stream, bytes) {
  stream.respond({ 'content-type': 'application/octet-stream', 'content-length': String(bytes) });
  let sent = 0;
  const more = () => {
    while (sent < bytes && !stream.destroyed) {
      const piece = Buffer.alloc(Math.min(PIECE, bytes - sent), 0x70);
      piece.writeDoubleBE(sent / PIECE);
      sent += piece.length;
      if (!stream.write(piece)) {
        stream.once('drain', more);
        return;
      }
    }
    stream.end();
  };
  more();
}

function crc32(data, before) {
  let crc = ~before;
  for (const byte of data) crc = CRCS[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function count(stream, then) {
  let bytes = 0;
  let crc = 0;
  stream.on('data', (data) => {
    bytes += data.length;
    facts.received += data.length;
    crc = crc32(data, crc);
  });
  stream.on('end', () => then({ bytes, crc }));
}

// As count, without the checksum, which takes Node a while.
function measure(stream, then) {
  let bytes = 0;
  stream.on('data', (data) => (bytes += data.length));
  stream.on('end', () => then({ bytes }));
}

function onStream(stream, headers) {
  const { session } = stream;
  const url = new URL(headers[':path'], 'http://any');
  const number = (session.streams += 1);
  facts.requests.push(headers[':method'] + ' ' + headers[':path']);
  stream.on('error', () => {});
  stream.on('aborted', () => facts.resets.push(stream.rstCode));
  if (session.leaving && number === LAST) {
    facts.goaways += 1;
    session.close();
  }
  const about = { session: session.number, stream: stream.id, headers, alpn: session.alpnProtocol };
  switch (url.pathname) {
    case '/about':
      return json(stream, about);
    case '/slow':
      return setTimeout(() => stream.destroyed || json(stream, about), Number(url.searchParams.get('ms')));
    case '/count':
      return count(stream, (seen) => json(stream, { ...about, ...seen }));
    case '/length':
      return measure(stream, (seen) => json(stream, seen));
    case '/echo':
      stream.respond({ 'content-type': headers['content-type'] ?? 'application/octet-stream' });
      return stream.pipe(stream);
    case '/large':
      return large(stream, Number(url.searchParams.get('bytes')));
    case '/hints':
      stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
      return json(stream, about);
    case '/trailers':
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      return stream.end('with trailers\n');
    case '/reset':
      return stream.close(Number(url.searchParams.get('code')));
    case '/refused-once':
      if (refused.has(url.search)) return json(stream, about);
      refused.add(url.search);
      return stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    case '/half':
      stream.respond({ 'content-length': '1000' });
      stream.write('x'.repeat(500));
      return setTimeout(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 50);
    case '/early':
      json(stream, about, 413);
      return stream.once('finish', () => stream.close(http2.constants.NGHTTP2_NO_ERROR));
    case '/gone':
      stream.respond({ 'content-length': '1000' });
      stream.write('x'.repeat(500));
      return setTimeout(() => session.raw.destroy(), 50);
    default:
      return json(stream, { nothing: url.pathname }, 404);
  }
}

function serve(server, leaving = false) {
  let raw;
  server.prependListener('connection', (socket) => { raw = socket; });
  server.prependListener('secureConnection', (socket) => { raw = socket; });
  server.on('session', (session) => {
    session.leaving = leaving;
    session.raw = raw;
    onSession(session);
  });
  server.on('stream', onStream);
  server.on('sessionError', () => {});
  return server;
}

const servers = {
  tls: serve(http2.createSecureServer({ ...secure, settings })),
  plain: serve(http2.createServer({ settings })),
  leaving: serve(http2.createSecureServer({ ...secure, settings }), true),
  facts: createServer((request, response) => {
    response.setHeader('connection', 'close');
    response.end(JSON.stringify(facts));
    if (request.method === 'DELETE') forget();
  }),
};
const ports = {};
for (const [name, server] of Object.entries(servers)) {
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  ports[name] = server.address().port;
}
console.log(JSON.stringify(ports));
