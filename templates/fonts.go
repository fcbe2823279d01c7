package templates

import (
	"maps"
	"slices"
)

// family is a choice of letters that readers' devices have: no mail loads any.
type family struct {
	text    string // for titles and text
	sans    string // for labels and buttons
	outlook string // Outlook takes the first of a list, and none that it lacks
}

const (
	serifList = "Charter,Georgia,'Times New Roman',serif"
	sansList  = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
)

// families by name; "" leaves each theme its own pair.
var families = map[string]family{
	"":          {serifList, sansList, "Georgia,serif"},
	"system":    one(sansList, "'Segoe UI',Arial,sans-serif"),
	"georgia":   one(serifList, "Georgia,serif"),
	"palatino":  one("'Palatino Linotype',Palatino,'Book Antiqua',Georgia,serif", "'Palatino Linotype',serif"),
	"trebuchet": one("'Trebuchet MS','Segoe UI',Tahoma,sans-serif", "'Trebuchet MS',sans-serif"),
	"verdana":   one("Verdana,Geneva,Tahoma,sans-serif", "Verdana,sans-serif"),
}

func one(list, outlook string) family { return family{list, list, outlook} }

// Fonts are the names of the families, without the theme's own.
func Fonts() []string { return slices.Sorted(maps.Keys(families))[1:] }

// knownFont is the name, or "" for one that is not known: a mail must not fail
// for its decoration.
func knownFont(name string) string {
	if _, ok := families[name]; ok {
		return name
	}
	return ""
}

func familyOf(name string) family { return families[knownFont(name)] }
