package store

import (
	"postrider/organisation"
)

// What the houses' doers ask of a store.
var (
	_ organisation.Store = (*Store)(nil)
)
