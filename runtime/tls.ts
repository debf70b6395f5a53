import { readFileSync } from 'node:fs';
import { ConfigError } from './config';

/** PEM files of one connection, by path; empty: none. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** What was in them. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that are given; undefined: none is.
 * @throws ConfigError naming each variable whose file cannot be read or holds something else, or that lacks its partner
 */
export function readTlsFiles(prefix: string, files: TlsFiles): TlsMaterial | undefined {
  const faults: string[] = [];
  const read = (name: string, path: string, kind: string): Buffer | undefined => {
    if (path === '') return undefined;
    try {
      const content = readFileSync(path);
      if (content.includes(`-----BEGIN ${kind}`) || (kind === 'PRIVATE KEY' && content.includes(` ${kind}-----`)))
        return content;
      faults.push(`${prefix}_${name}_FILE=${JSON.stringify(path)} holds no PEM block ${kind}`);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      faults.push(`${prefix}_${name}_FILE=${JSON.stringify(path)} cannot be read: ${code}`);
    }
    return undefined;
  };
  const ca = read('CA', files.caFile, 'CERTIFICATE');
  const cert = read('CERT', files.certFile, 'CERTIFICATE');
  const key = read('KEY', files.keyFile, 'PRIVATE KEY');
  if ((files.certFile === '') !== (files.keyFile === ''))
    faults.push(`${prefix}_CERT_FILE and ${prefix}_KEY_FILE must be set both, or neither`);
  if (faults.length > 0) throw new ConfigError(faults);
  if (ca === undefined && cert === undefined) return undefined;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

const untrusted = 'its certificate is not signed by an authority that we know (…_CA_FILE, sslrootcert)';
const refused = 'it does not take our client certificate';
/** A reset that comes before the server's reason is read: runtime/tls-resets.ts. */
export const endedAfterHandshake =
  'it ends the connection after the handshake: it may want a client certificate, or another one (…_CERT_FILE, sslcert)';
/** Codes of Node.js and OpenSSL, in words that say what to look at. */
const explanations: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name than we call it by',
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a client certificate (…_CERT_FILE, sslcert)',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'it refuses the handshake: a client certificate that it asks for, or no common cipher',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: refused,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: refused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: refused,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: `${refused}: expired`,
  ENDED_AFTER_HANDSHAKE: endedAfterHandshake,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on this port',
};

/** What is wrong with the certificates, when that is why a connection failed; undefined: something else is. */
export function tlsFault(thrown: unknown): string | undefined {
  for (let error = thrown; isErrorLike(error); error = error.cause) {
    const { code, message } = error;
    if (typeof code === 'string' && explanations[code] !== undefined) return `TLS: ${explanations[code]}`;
    const inText = Object.entries(texts).find(([text]) => message.includes(text));
    if (inText !== undefined) return `TLS: ${explanations[inText[1]]}`;
  }
  return undefined;
}

function isErrorLike(thrown: unknown): thrown is { message: string; code?: unknown; cause?: unknown } {
  return typeof thrown === 'object' && thrown !== null && typeof (thrown as Partial<Error>).message === 'string';
}

/** For clients that keep the text of an error and lose its code. */
const texts: Readonly<Record<string, string>> = {
  [endedAfterHandshake]: 'ENDED_AFTER_HANDSHAKE',
  'certificate has expired': 'CERT_HAS_EXPIRED',
  "does not match certificate's altnames": 'ERR_TLS_CERT_ALTNAME_INVALID',
  'self-signed certificate': 'SELF_SIGNED_CERT_IN_CHAIN',
  'unable to verify the first certificate': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'unable to get local issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'alert certificate required': 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'alert unknown ca': 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'alert bad certificate': 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'alert certificate expired': 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'wrong version number': 'ERR_SSL_WRONG_VERSION_NUMBER',
};
