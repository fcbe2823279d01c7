package subscribers

import "testing"

func TestFirstNameIsNeverTheFamilyName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who  Subscriber
		want string
	}{
		{Subscriber{Name: "Ada Lindqvist", Language: "sv"}, "Ada"},
		{Subscriber{Name: "  Ada  "}, "Ada"},
		{Subscriber{Name: "Szűcs Zoltán", Language: "hu"}, ""},
		{Subscriber{Name: "김민준", Language: "ko-KR"}, ""},
		{Subscriber{Name: "Szűcs Zoltán", Language: "hu", Fields: map[string]string{"first_name": "Zoltán"}}, "Zoltán"},
		{Subscriber{}, ""},
	} {
		if got := c.who.Values()["first_name"]; got != c.want {
			t.Errorf("%+v is greeted as %q, want %q", c.who, got, c.want)
		}
	}
}
