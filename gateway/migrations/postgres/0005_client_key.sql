-- A client without a certificate is known by a public key: the four required members of its JWK (RFC 7638 section 3.1).
-- NULL: it has none. No two clients share one: by the key alone we know who signed.
ALTER TABLE client ADD COLUMN jwk TEXT;
CREATE UNIQUE INDEX client_jwk ON client (jwk) WHERE jwk IS NOT NULL;
