package campaigns_test

import (
	"slices"
	"testing"

	"postrider/organisation"
	"postrider/templates"
)

func TestEveryFontThatCanBeChosenIsWorn(t *testing.T) {
	t.Parallel()
	if chosen, worn := organisation.Fonts(), templates.Fonts(); !slices.Equal(slices.Sorted(slices.Values(chosen)), worn) {
		t.Errorf("an organisation chooses among %q, themes know %q", chosen, worn)
	}
}
