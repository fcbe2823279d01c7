-- The provider (OpenID Connect) whose accounts open operators' ones. secret
-- holds what internal/secrets has sealed; role '' lets nobody join by it.

CREATE TABLE identity_providers (
  id         BIGINT PRIMARY KEY,
  label      TEXT   NOT NULL,
  issuer     TEXT   NOT NULL,
  client_id  TEXT   NOT NULL,
  secret     TEXT   NOT NULL,
  domains    TEXT   NOT NULL,
  role       TEXT   NOT NULL CHECK (role IN ('', 'owner', 'editor', 'reviewer', 'analyst')),
  updated_at BIGINT NOT NULL
);
