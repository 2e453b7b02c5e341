/**
 * Vectors come from elsewhere: the argon2 command-line tool, Solar Designer's phpass and crypt_blowfish, PHP's tests,
 * RFC 1320, RFC 2286, RFC 4231, RFC 6070, RFC 7914, firebase/scrypt, scrypt.py, and hashes made by OpenSSL's dgst and by
 * CPython's hashlib, hmac and crypt(3).
 */
import type { PasswordHash } from '@reeve/contract';
import { describe, expect, it } from 'vitest';
import { createVault } from '../secret.ts';
import {
  importedHashOf,
  judgePasswordHash,
  openHashKey,
  sealHashKey,
  storedHashOf,
  verifyImported,
} from './imported-hash.ts';

/** What CPython hashed below. */
const PASSWORD = 'pässword Ω';

const vectors: readonly [source: string, password: string, hash: PasswordHash][] = [
  [
    'argon2 tool, argon2i',
    'password',
    {
      algorithm: 'argon2',
      value: '$argon2i$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$YMvo8AUoNtnKYGqeODruCjHdiEbl1pKL2MsYy9VgU/E',
    },
  ],
  [
    'argon2 tool, argon2d',
    'password',
    {
      algorithm: 'argon2',
      value: '$argon2d$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$CB0Du96aj3fQVcVSqb0LIA6Z6fpStjzjVkaC3RlpK9A',
    },
  ],
  [
    'argon2 tool, argon2id',
    'password',
    {
      algorithm: 'argon2',
      value: '$argon2id$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8VJBPDdFkbjU',
    },
  ],
  [
    'crypt_blowfish, $2a$',
    'U*U',
    { algorithm: 'bcrypt', value: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW' },
  ],
  [
    'PHP, $2y$',
    'rasmuslerdorf',
    { algorithm: 'bcrypt', value: '$2y$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi' },
  ],
  [
    'crypt(3), $2b$',
    'correct horse',
    { algorithm: 'bcrypt', value: '$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2' },
  ],
  [
    'RFC 6070 (key of 20 bytes, 4096 rounds)',
    'password',
    {
      algorithm: 'pbkdf2',
      digest: 'sha1',
      iterations: 4096,
      salt: 'salt',
      value: '4b007901b765489abead49d926f721d065a429c1',
      key_length: 20,
    },
  ],
  [
    'RFC 7914 §11',
    'passwd',
    {
      algorithm: 'pbkdf2',
      digest: 'sha256',
      iterations: 1,
      salt: 'salt',
      value:
        '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
    },
  ],
  [
    'hashlib, as a PHC string',
    PASSWORD,
    {
      algorithm: 'pbkdf2',
      value: '$pbkdf2-sha256$i=1000,l=32$c2FsdHktc2FsdA$1GPK0ugE5UT6j7iUc+0x9av/Ftf/KoPy0nUlqFRIVfc',
    },
  ],
  [
    'hashlib, as passlib writes it',
    PASSWORD,
    {
      algorithm: 'pbkdf2',
      value: '$pbkdf2-sha256$1000$c2FsdHktc2FsdA$1GPK0ugE5UT6j7iUc.0x9av/Ftf/KoPy0nUlqFRIVfc',
    },
  ],
  [
    'hashlib, as Django writes it',
    PASSWORD,
    { algorithm: 'pbkdf2', value: 'pbkdf2_sha256$1000$salty-salt$1GPK0ugE5UT6j7iUc+0x9av/Ftf/KoPy0nUlqFRIVfc=' },
  ],
  [
    'hashlib, 100 bytes, binary salt',
    PASSWORD,
    {
      algorithm: 'pbkdf2',
      digest: 'sha512',
      iterations: 1500,
      salt: '00ff10',
      salt_encoding: 'hex',
      value:
        'ad8615877fb7ff5432111cd2c3e5ded4d4dc14efcf8b5bff7cbec67435ceb6b2cb5ee37fd082ff06085dec4a3150736eee6ccdf26e12e68bc59dfd86eca0fcc4bdf4c2c49fdfd7dc51412cae23793c5f22d3d82fe2e5160ecd190958d967bbb74b7f7754',
    },
  ],
  [
    'RFC 7914 §12',
    'pleaseletmein',
    {
      algorithm: 'scrypt',
      cost: 16_384,
      block_size: 8,
      parallelization: 1,
      salt: 'SodiumChloride',
      value:
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    },
  ],
  [
    'scrypt.py, as a PHC string',
    'password',
    {
      algorithm: 'scrypt',
      value: '$scrypt$ln=16,r=8,p=1$cmFuZG9tc2FsdGlzaGFyZA$Rh+NnJNo1I6nRwaNqbDm6kmADswD1+7FTKZ7Ln9D8nQ',
    },
  ],
  [
    'firebase/scrypt',
    'user1password',
    {
      algorithm: 'firebase_scrypt',
      value: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
      salt: '42xEC+ixf3L2lw==',
      salt_separator: 'Bw==',
      key: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
      block_size: 8,
      cost: 14,
    },
  ],
  ['phpass, 2^11 rounds', 'test12345', { algorithm: 'phpass', value: '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0' }],
  ['phpass, as phpBB writes it', 'test12345', { algorithm: 'phpass', value: '$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0' }],
  ['hashlib', PASSWORD, { algorithm: 'ldap', value: '{SSHA}rHfIF9K9a4+ivznvNKV1bu6bpN8xMjM0' }],
  ['hashlib', PASSWORD, { algorithm: 'ldap', value: '{SHA}34Yvjw76QM4TtbiknpgoOWWVWbU=' }],
  ['hashlib', PASSWORD, { algorithm: 'ldap', value: '{SMD5}YeQ5gW/L1c0VOHTWJ9ssLDEyMzQ=' }],
  [
    'hashlib',
    PASSWORD,
    { algorithm: 'ldap', value: '{SSHA256}rmVgcIAh/Zn+R/0Vp+iEGNLqc8T0ac8ixCQZwp2xvjcxMjM0NTY3OA==' },
  ],
  [
    'hashlib',
    PASSWORD,
    {
      algorithm: 'ldap',
      value:
        '{SSHA512}ntnmcVwjnknljbdbSeYdmRKAUKUPEonXelBI8qTAPzYwJTDtR5PkjX+YahntBtIK393E/jz5sPMIU+zj2YBIkTEyMzQ1Njc4',
    },
  ],
  ['hashlib, prefix', PASSWORD, { algorithm: 'md5', salt: 'pepper', value: 'c465904fa85adde548752af007fef9e6' }],
  [
    'hashlib, suffix',
    PASSWORD,
    { algorithm: 'md5', salt: 'pepper', salt_position: 'suffix', value: 'efc232f2dbea7ef918a7fad641faf9cc' },
  ],
  [
    'hashlib, salt in base64',
    PASSWORD,
    {
      algorithm: 'sha1',
      salt: 'cGVwcGVy',
      salt_encoding: 'base64',
      value: '156ba5992960d60a839955f00fa254ae144ab3ee',
    },
  ],
  [
    'hashlib, value in base64',
    PASSWORD,
    {
      algorithm: 'sha256',
      salt: 'pepper',
      salt_position: 'suffix',
      encoding: 'base64',
      value: 'H2Q2JDIGFFmsnpvnsGASUap+yB75XEF9NyBqrVIDdVE=',
    },
  ],
  [
    'hashlib, prefix',
    PASSWORD,
    {
      algorithm: 'sha512',
      salt: 'pepper',
      value:
        '250d5d11a2a94d7992119eaaaa94085370a01a9c355eb25d434f2551ea6737cc1d3911d6229c9b361db4265c5a4e222d4a3a14ba908a114035716f7c81591ebb',
    },
  ],
  [
    'hmac',
    PASSWORD,
    {
      algorithm: 'hmac',
      digest: 'sha256',
      key: 'key-key',
      salt: 'pepper',
      value: '8aac308258cfc4b442b05a31ed0d3dadd1855aa62e264b4c0f85d330e1f3b3fe',
    },
  ],
  [
    'RFC 2202 (HMAC-MD5, case 2)',
    'what do ya want for nothing?',
    {
      algorithm: 'hmac',
      digest: 'md5',
      key: '4a656665',
      key_encoding: 'hex',
      value: '750c783e6ab0b503eaa86e310a5db738',
    },
  ],
  ['RFC 1320', 'message digest', { algorithm: 'md4', value: 'd9130a8164549fe818874806e1c7014b' }],
  [
    'OpenSSL, MD4 with a salt',
    'correct horse',
    { algorithm: 'md4', salt: 'salt', value: '1477e820b2e5b782722ce87b615628ea' },
  ],
  [
    'OpenSSL, HMAC-MD4',
    'correct horse',
    { algorithm: 'hmac', digest: 'md4', key: 'the key', value: '4a7390be65ae34cd895d2294a1edb033' },
  ],
  [
    'OpenSSL, HMAC-Whirlpool',
    'correct horse',
    {
      algorithm: 'hmac',
      digest: 'whirlpool',
      key: 'the key',
      value:
        '40eabaff96601bcdacad3608498300d5232949bbde6c023cb5827ae114527600ea58a2d36b32c956b2ea63a01ac37e0cbb05c27fae94f2ca2eac64e623259139',
    },
  ],
  [
    'RFC 2286 (HMAC-RIPEMD160)',
    'what do ya want for nothing?',
    { algorithm: 'hmac', digest: 'ripemd160', key: 'Jefe', value: 'dda6c0213a485a9e24f4742064a7f033b43c4069' },
  ],
  [
    'RFC 4231 (HMAC-SHA-224)',
    'what do ya want for nothing?',
    {
      algorithm: 'hmac',
      digest: 'sha224',
      key: 'Jefe',
      value: 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44',
    },
  ],
  [
    'RFC 4231 (HMAC-SHA-384)',
    'what do ya want for nothing?',
    {
      algorithm: 'hmac',
      digest: 'sha384',
      key: 'Jefe',
      value: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    },
  ],
  [
    'hashlib, UTF-16LE',
    PASSWORD,
    {
      algorithm: 'sha256',
      password_encoding: 'utf16le',
      value: '725f587969351bb2c80a838e58d4330c0dab4674da7ba5bc8fba3fb903d9b213',
    },
  ],
  [
    'hashlib, Latin-1',
    'pässword',
    { algorithm: 'md5', password_encoding: 'latin1', value: '0126cf1f6e0dba240af4c5537ca51d0e' },
  ],
];

describe('keys of imported hashes', () => {
  const vault = createVault('0123456789abcdef'.repeat(4));
  const hash: PasswordHash = { algorithm: 'hmac', digest: 'sha1', key: 'another system’s', value: '0'.repeat(40) };

  it('are sealed at rest, and open beside their own hash only', () => {
    const stored = sealHashKey(vault, storedHashOf(hash));
    expect(stored).not.toContain('another system');
    const kept = importedHashOf(stored) as PasswordHash;
    expect(openHashKey(vault, kept)).toEqual(hash);
    expect(() => openHashKey(vault, { ...kept, value: '1'.repeat(40) })).toThrow();
  });

  it('leave hashes without a key as they are', () => {
    const plain = storedHashOf({ algorithm: 'md5', value: '0'.repeat(32) });
    expect(sealHashKey(vault, plain)).toBe(plain);
    expect(sealHashKey(vault, '$argon2id$x')).toBe('$argon2id$x');
  });
});

describe('imported hashes', () => {
  it.each(vectors)('accepts the right password only: %s', async (_source, password, hash) => {
    expect(judgePasswordHash(hash)).toEqual([]);
    const kept = importedHashOf(storedHashOf(hash)) as PasswordHash;
    expect(kept).toEqual(hash);
    expect(await verifyImported(kept, password)).toBe(true);
    expect(await verifyImported(kept, `${password}x`)).toBe(false);
    expect(await verifyImported(kept, '')).toBe(false);
  });

  const wrong: readonly [what: string, hash: PasswordHash, field: string, code: string][] = [
    [
      'a bcrypt hash of the broken kind',
      { algorithm: 'bcrypt', value: `$2x$05$${'a'.repeat(53)}` },
      'value',
      'pattern',
    ],
    ['a bcrypt cost of minutes', { algorithm: 'bcrypt', value: `$2b$20$${'a'.repeat(53)}` }, 'value', 'cost'],
    [
      'argon2 over gigabytes',
      {
        algorithm: 'argon2',
        value: '$argon2id$v=19$m=4194304,t=1,p=1$cmFuZG9tc2FsdA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8',
      },
      'value',
      'cost',
    ],
    [
      'argon2 of many passes',
      { algorithm: 'argon2', value: '$argon2id$v=19$m=65536,t=99,p=1$cmFuZG9tc2FsdA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8' },
      'value',
      'cost',
    ],
    ['argon2 that is none', { algorithm: 'argon2', value: 'argon2id' }, 'value', 'pattern'],
    [
      'pbkdf2 of ten million rounds',
      { algorithm: 'pbkdf2', digest: 'sha256', salt: 'a', iterations: 10_000_000, value: 'ab'.repeat(32) },
      'iterations',
      'cost',
    ],
    [
      'pbkdf2 without a digest',
      { algorithm: 'pbkdf2', salt: 'a', iterations: 1, value: 'ab'.repeat(32) },
      'digest',
      'required',
    ],
    [
      'pbkdf2 of another length than it says',
      {
        algorithm: 'pbkdf2',
        value: '$pbkdf2-sha256$i=1000,l=64$c2FsdHktc2FsdA$1GPK0ugE5UT6j7iUc+0x9av/Ftf/KoPy0nUlqFRIVfc',
      },
      'value',
      'length',
    ],
    [
      'scrypt with an N that is no power of two',
      { algorithm: 'scrypt', cost: 1000, block_size: 8, salt: 'a', value: 'ab'.repeat(32) },
      'cost',
      'cost',
    ],
    [
      'scrypt over gigabytes',
      { algorithm: 'scrypt', cost: 1_048_576, block_size: 64, salt: 'a', value: 'ab'.repeat(32) },
      'cost',
      'cost',
    ],
    [
      'firebase_scrypt without its key',
      { algorithm: 'firebase_scrypt', cost: 14, block_size: 8, salt: 'YWJj', value: 'YWJj' },
      'key',
      'required',
    ],
    ['phpass of 2^30 rounds', { algorithm: 'phpass', value: '$P$SIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0' }, 'value', 'cost'],
    ['an unknown LDAP scheme', { algorithm: 'ldap', value: '{CRYPT}abcd' }, 'value', 'pattern'],
    ['an SSHA without a salt', { algorithm: 'ldap', value: '{SSHA}34Yvjw76QM4TtbiknpgoOWWVWbU=' }, 'value', 'length'],
    ['a digest that is no hex', { algorithm: 'md5', value: 'zz'.repeat(16) }, 'value', 'encoding'],
    ['a digest cut short', { algorithm: 'sha256', value: 'ab'.repeat(16) }, 'value', 'length'],
    ['a digest as text', { algorithm: 'sha1', encoding: 'utf8', value: 'x'.repeat(20) }, 'encoding', 'enum'],
    ['hmac without a key', { algorithm: 'hmac', digest: 'md5', value: 'ab'.repeat(16) }, 'key', 'required'],
  ];
  it.each(wrong)('refuses %s', async (_what, hash, field, code) => {
    expect(judgePasswordHash(hash)).toEqual([
      { field: `password_hash.${field}`, code, message: expect.stringContaining(field === 'salt' ? 'salt' : field) },
    ]);
    expect(await verifyImported(hash, 'password')).toBe(false);
  });
});
