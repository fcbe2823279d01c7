package pages

import (
	"errors"
	"net/url"
	"slices"

	"postrider/internal/errs"
	"postrider/internal/words"
)

// Form is what somebody typed and what is wrong with it. The parts of
// html/parts/form.html show it, so that nothing typed is lost.
type Form struct {
	values   url.Values
	problems []Problem
}

// Problem is one thing that has to be mended: beside the field of this name,
// at the top of the form where there is no name.
type Problem struct{ Name, Text string }

// NewForm is a form that shows these values.
func NewForm(values url.Values) Form { return Form{values: values} }

// Value is what stands in a field, "" for nothing.
func (f Form) Value(name string) string { return f.values.Get(name) }

// Has reports whether a box is ticked: the one with this value where boxes
// share a name, any where value is nil or empty.
func (f Form) Has(name string, value any) bool {
	if v, ok := value.(string); ok && v != "" {
		return slices.Contains(f.values[name], v)
	}
	return f.values.Get(name) != ""
}

// Add puts a problem beside a field. The first of a field is the one shown.
func (f *Form) Add(name, text string) {
	f.problems = append(f.problems, Problem{Name: name, Text: text})
}

// AddError puts an Invalid error beside the field that it names, and reports
// whether it is one; all other errors are not the form's.
func (f *Form) AddError(err error) bool {
	if !errs.Is(err, errs.Invalid) {
		return false
	}
	name, text := "", err.Error()
	var e *errs.Error
	if errors.As(err, &e) && e.Text != "" {
		name, text = e.Field, e.Text
	}
	f.Add(name, words.Capital(text)+".")
	return true
}

// Wrong is what is wrong with a field, "" for nothing.
func (f Form) Wrong(name string) string {
	for _, p := range f.problems {
		if p.Name == name {
			return p.Text
		}
	}
	return ""
}

// Problems are all, in the order they were found.
func (f Form) Problems() []Problem { return f.problems }

// OK reports whether nothing has to be mended.
func (f Form) OK() bool { return len(f.problems) == 0 }

// Option is one to choose from.
type Option struct{ Value, Label, Hint string }
