package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"postrider/internal/errs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

type migration struct {
	version  int
	name     string
	sql      string
	checksum string
}

func migrations() ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	var out []migration
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s: its name must start with a number", e.Name())
		}
		b, err := migrationFiles.ReadFile("migrations/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading migration %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(b)
		out = append(out, migration{version, e.Name(), string(b), hex.EncodeToString(sum[:])})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].version < out[j].version })
	return out, nil
}

// Migrate brings the schema up to date and returns the names of the
// migrations that it ran. It may be called at once from several processes:
// one runs them, the others wait. All of one call is one transaction.
func (s *Store) Migrate(ctx context.Context) ([]string, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	return s.migrate(ctx, all)
}

func (s *Store) migrate(ctx context.Context, all []migration) ([]string, error) {
	var ran []string
	if err := s.snapshotBefore(ctx, all); err != nil {
		return nil, err
	}
	err := s.update(ctx, "migrating the database", func(t *tx) error {
		if s.dialect.lockSchema != "" {
			if err := t.exec(ctx, s.dialect.lockSchema); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
			version INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
			return err
		}
		done, err := applied(ctx, t.db)
		if err != nil {
			return err
		}
		if err := fits(done, all); err != nil {
			return err
		}
		for _, m := range all {
			if _, ok := done[m.version]; ok {
				continue
			}
			if err := t.exec(ctx, s.dialect.schema(m.sql)); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			if err := t.exec(ctx, `INSERT INTO schema_migrations (version, checksum, applied_at) VALUES ($1, $2, $3)`,
				m.version, m.checksum, millis(s.now())); err != nil {
				return err
			}
			ran = append(ran, m.name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ran, nil
}

// Pending lists the migrations that Migrate would run.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	done := map[int]string{}
	if s.hasSchema(ctx) {
		if done, err = applied(ctx, s.reader()); err != nil {
			return nil, s.wrap("reading the schema version", err)
		}
	}
	if err := fits(done, all); err != nil {
		return nil, err
	}
	var out []string
	for _, m := range all {
		if _, ok := done[m.version]; !ok {
			out = append(out, m.name)
		}
	}
	return out, nil
}

func (s *Store) hasSchema(ctx context.Context) bool {
	var n int
	return s.reader().row(ctx, `SELECT count(*) FROM schema_migrations`).Scan(&n) == nil
}

func applied(ctx context.Context, d db) (map[int]string, error) {
	rows, err := d.query(ctx, `SELECT version, checksum FROM schema_migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	done := map[int]string{}
	for rows.Next() {
		var version int
		var sum string
		if err := rows.Scan(&version, &sum); err != nil {
			return nil, err
		}
		done[version] = sum
	}
	return done, rows.Err()
}

// fits refuses a schema that this program does not know.
func fits(done map[int]string, all []migration) error {
	known := map[int]string{}
	for _, m := range all {
		known[m.version] = m.checksum
	}
	for version, sum := range done {
		want, ok := known[version]
		if !ok {
			return errs.Conflictf("the database has schema version %d, which this program does not know: use a newer Postrider", version)
		}
		if want != sum {
			return errs.Conflictf("migration %d of the database differs from this program's: it was made by another build of Postrider", version)
		}
	}
	return nil
}

// snapshotBefore copies a SQLite file with an older schema aside, so that the
// way back is a file name.
func (s *Store) snapshotBefore(ctx context.Context, all []migration) error {
	if s.path == "" || !s.hasSchema(ctx) {
		return nil
	}
	done, err := applied(ctx, s.reader())
	if err != nil {
		return s.wrap("reading the schema version", err)
	}
	if len(done) == 0 || len(done) >= len(all) || fits(done, all) != nil {
		return nil
	}
	copyPath := fmt.Sprintf("%s.before-%04d", s.path, all[len(all)-1].version)
	// Under another name until it is whole: half a copy is no way back.
	part, err := os.CreateTemp(filepath.Dir(copyPath), filepath.Base(copyPath)+".part*")
	if err != nil {
		return fmt.Errorf("copying the database before the migration: %w", err)
	}
	defer os.Remove(part.Name()) // gone by then where all went well
	if err := part.Close(); err != nil {
		return fmt.Errorf("copying the database before the migration: %w", err)
	}
	if _, err := s.write.ExecContext(ctx, "VACUUM INTO ?", part.Name()); err != nil {
		return fmt.Errorf("copying the database to %s before the migration: %w", copyPath, err)
	}
	if err := os.Rename(part.Name(), copyPath); err != nil {
		return fmt.Errorf("copying the database before the migration: %w", err)
	}
	return nil
}
