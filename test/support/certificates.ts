import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, as paths of PEM files. */
export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificates of one test file, made by openssl. All keys are on P-256. */
export interface Certificates {
  readonly folder: string;
  readonly caFile: string;
  /** An authority that signed nothing here. */
  readonly strangerCaFile: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: KeyPair;
  /** As `server`, but its time is over. */
  readonly expired: KeyPair;
  /** As `server`, but for another host. */
  readonly elsewhere: KeyPair;
  /** Common name `nova`. */
  readonly client: KeyPair;
  /** A client that the stranger signed. */
  readonly strangerClient: KeyPair;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'nova-tls-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const path = (name: string) => join(folder, name);

  const authority = (name: string): string => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, ...files);
    return path(`${name}.pem`);
  };
  const signed = (name: string, by: string, commonName: string, names: string, days = '2'): KeyPair => {
    openssl('req', ...newKey, '-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(path(`${name}.ext`), `subjectAltName=${names}\n`);
    const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', days];
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
    return { certFile: path(`${name}.pem`), keyFile: path(`${name}.key`) };
  };
  const here = 'IP:127.0.0.1,DNS:localhost';
  return {
    folder,
    caFile: authority('ca'),
    strangerCaFile: authority('stranger'),
    server: signed('server', 'ca', 'server', here),
    expired: signed('expired', 'ca', 'server', here, '-1'),
    elsewhere: signed('elsewhere', 'ca', 'server', 'DNS:elsewhere.example'),
    client: signed('client', 'ca', 'nova', 'DNS:nova'),
    strangerClient: signed('stranger-client', 'stranger', 'nova', 'DNS:nova'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a TLS server of Node.js needs to be one of these and to demand a client certificate. */
export function serverOptions({ caFile }: Certificates, { certFile, keyFile }: KeyPair) {
  const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => readFileSync(file));
  return { ca, cert, key, requestCert: true, rejectUnauthorized: true };
}
