package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// organisationID is the row of the one organisation of an installation.
const organisationID = 1

// Organisation implements organisation.Store.
func (s *Store) Organisation(ctx context.Context) (organisation.Organisation, error) {
	var o organisation.Organisation
	var networks string
	err := s.reader().row(ctx, `
		SELECT name, postal_address, url, accent, logo, font, footer, help, zone, language, sender, reply_to, networks
		FROM organisations
		WHERE id = $1`, organisationID).
		Scan(&o.Name, &o.PostalAddress, &o.URL, &o.Accent, &o.Logo, &o.Font, &o.Footer, &o.Help, &o.Zone, &o.Language, &o.Sender, &o.ReplyTo, &networks)
	if errors.Is(err, sql.ErrNoRows) {
		return organisation.Default(), errs.NotFoundf("no organisation is set yet: name it with postrider organisation --name")
	}
	if err != nil {
		return o, s.wrap("reading the organisation", err)
	}
	if err := json.Unmarshal([]byte(networks), &o.Networks); err != nil {
		return o, fmt.Errorf("reading the organisation's networks: %w", err)
	}
	return o, nil
}

// SetOrganisation implements organisation.Store.
func (s *Store) SetOrganisation(ctx context.Context, o organisation.Organisation, e audit.Entry) error {
	networks, err := toJSON(o.Networks)
	if err != nil {
		return err
	}
	return s.update(ctx, "keeping the organisation", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO organisations (id, name, postal_address, url, accent, logo, help, zone, language, sender, reply_to, networks, updated_at, font, footer)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (id) DO UPDATE
			SET name = excluded.name, postal_address = excluded.postal_address, url = excluded.url, accent = excluded.accent,
			    logo = excluded.logo, help = excluded.help, zone = excluded.zone, language = excluded.language,
			    sender = excluded.sender, reply_to = excluded.reply_to, networks = excluded.networks, updated_at = excluded.updated_at,
			    font = excluded.font, footer = excluded.footer`,
			organisationID, o.Name, o.PostalAddress, o.URL, o.Accent, o.Logo, o.Help, o.Zone, o.Language, o.Sender, o.ReplyTo, networks, millis(e.At), o.Font, o.Footer); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
