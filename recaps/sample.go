package recaps

import (
	_ "embed"
	"fmt"
)

//go:embed sample.md
var sampleSource []byte

// Sample returns the recap that the demo shows and that tests may send: eight
// takeaways, five people, two links. Each call returns a fresh value.
func Sample() Recap {
	r, err := ReadMarkdown("sample.md", sampleSource)
	if err != nil {
		panic(fmt.Sprintf("the embedded sample recap: %v", err)) // a test reads it: cannot happen in a release
	}
	return r
}
