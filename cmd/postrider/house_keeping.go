package main

import (
	"runtime/debug"

	"postrider/store"
)

type migrateCmd struct {
	DryRun bool `help:"Only say which migrations would run."`
}

// Run migrates.
func (c *migrateCmd) Run(s *session) error {
	db, err := store.Open(s.ctx, s.config.get("db"), store.Options{NoMigrate: true})
	if err != nil {
		return err
	}
	defer db.Close()
	names, err := db.Pending(s.ctx)
	if err == nil && !c.DryRun {
		names, err = db.Migrate(s.ctx)
	}
	if err != nil {
		return err
	}
	return s.print(map[string]any{"database": db.Name(), "migrations": append([]string{}, names...), "done": !c.DryRun}, func() {
		switch {
		case len(names) == 0:
			s.printf("%s is up to date\n", db.Name())
		case c.DryRun:
			s.printf("%s would run:\n", db.Name())
		default:
			s.printf("%s has run:\n", db.Name())
		}
		for _, n := range names {
			s.printf("  %s\n", n)
		}
	})
}

type configCmd struct{}

// Run prints the settings.
func (c *configCmd) Run(s *session) error {
	type row struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Origin string `json:"origin"`
	}
	rows := []row{}
	for _, set := range s.config.settings {
		rows = append(rows, row{set.name, set.redact(), set.origin})
	}
	return s.print(rows, func() {
		for _, r := range rows {
			s.printf("%-16s %-40s %s\n", r.Name, r.Value, r.Origin)
		}
	})
}

type versionCmd struct{}

// version is the release; the build's own revision stands beside it.
const version = "0.1.0"

// Run prints the version.
func (c *versionCmd) Run(s *session) error {
	revision, goVersion := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
		for _, set := range info.Settings {
			if set.Key == "vcs.revision" {
				revision = set.Value
			}
		}
	}
	return s.print(map[string]string{"version": version, "revision": revision, "go": goVersion}, func() {
		s.printf("postrider %s %s (%s)\n", version, revision, goVersion)
	})
}
