package schedule

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for systems without a tz database, or without its old names

	"postrider/internal/errs"
)

// zoneNames is every zone of the tz database that Go carries, one a line,
// sorted, less "Factory". A name must be on it, so that an installation's nodes
// agree whatever their systems have, and "posixrules" is not taken for a place.
//
//go:embed zones.txt
var zoneNames string

// Zones returns the names that Parse takes as a zone, sorted. The slice is the
// caller's.
func Zones() []string { return strings.Fields(zoneNames) }

func findZone(name string) (*time.Location, error) {
	refuse := func(format string, args ...any) error {
		return &errs.Error{Kind: errs.Invalid, Field: "zone", Text: fmt.Sprintf(format, args...)}
	}
	const remedy = `name a city's zone, such as "Europe/Stockholm", or "UTC"`
	switch {
	case name == "":
		return nil, refuse("the schedule needs a zone: %s", remedy)
	case strings.EqualFold(name, "local"):
		return nil, refuse("%q is another zone on another machine: %s", name, remedy)
	}
	known := Zones()
	if _, ok := slices.BinarySearch(known, name); !ok {
		if near := nearestZone(name, known); near != "" {
			return nil, refuse("there is no zone %q: did you mean %q?", name, near)
		}
		return nil, refuse("there is no zone %.40q: %s", name, remedy)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("loading zone %s: %w", name, err)
	}
	return loc, nil
}

// nearestZone finds what was probably meant: the same name in another case, a
// city without its continent, a slip of the fingers. Short names without a
// continent get no guess, as EST is no better a name for what PST meant.
func nearestZone(name string, known []string) string {
	if len(name) > 60 {
		return ""
	}
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
	cities := make([]string, len(known))
	for i, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		cities[i] = k[strings.LastIndexByte(k, '/')+1:]
	}
	if len(name) <= 4 {
		return ""
	}
	if strings.Contains(name, "/") {
		return errs.Nearest(name, known)
	}
	if city := errs.Nearest(name, cities); city != "" {
		return known[slices.Index(cities, city)]
	}
	return ""
}
