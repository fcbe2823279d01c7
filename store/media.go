package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/recaps/media"
)

// AddPicture implements media.Store.
func (s *Store) AddPicture(ctx context.Context, actor string, p media.Picture) error {
	return s.update(ctx, "keeping the picture", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO media (name, kind, width, height, alt, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name) DO UPDATE SET alt = excluded.alt`,
			p.Name, p.Kind, p.Width, p.Height, p.Alt, millis(p.CreatedAt)); err != nil {
			return err
		}
		for _, v := range p.Versions {
			if err := t.exec(ctx, `
				INSERT INTO media_versions (file, name, kind, width, body)
				VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (file) DO NOTHING`,
				v.File, p.Name, v.Kind, v.Width, base64.StdEncoding.EncodeToString(v.Body)); err != nil {
				return err
			}
		}
		return t.audit(ctx, audit.Entry{At: p.CreatedAt, Actor: actor, Action: "kept", Kind: "picture", Detail: p.Name})
	})
}

// Pictures implements media.Store.
func (s *Store) Pictures(ctx context.Context, limit int) ([]media.Picture, error) {
	rows, err := s.reader().query(ctx, `
		SELECT name, kind, width, height, alt, created_at
		FROM media
		ORDER BY created_at DESC, name
		LIMIT $1`, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (media.Picture, error) {
		var p media.Picture
		var at int64
		err := r.Scan(&p.Name, &p.Kind, &p.Width, &p.Height, &p.Alt, &at)
		p.CreatedAt = fromMillis(at)
		return p, err
	})
	return out, s.wrap("listing pictures", err)
}

// PictureVersion returns one width of a picture by its file name, NotFound where
// there is none.
func (s *Store) PictureVersion(ctx context.Context, file string) (media.Version, error) {
	v := media.Version{File: file}
	var body string
	err := s.reader().row(ctx, `SELECT kind, width, body FROM media_versions WHERE file = $1`, file).Scan(&v.Kind, &v.Width, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return v, errs.NotFoundf("there is no such picture")
	}
	if err != nil {
		return v, s.wrap("reading the picture", err)
	}
	if v.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
		return v, fmt.Errorf("reading the picture: %w", err)
	}
	return v, nil
}
