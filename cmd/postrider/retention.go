package main

import "postrider/subscribers"

type retentionCmd struct {
	Unconfirmed *int `help:"Days until who signed up and never confirmed is forgotten: 7 to 30." placeholder:"DAYS"`
	Networks    *int `help:"Days until networks of sign-ups and sign-ins are forgotten: 1 to 365." placeholder:"DAYS"`
	Notices     *int `help:"Days until address and text of mails that are no edition are forgotten: 7 to 3650." placeholder:"DAYS"`
	Returns     *int `help:"Days until what mail servers said about returned mails is forgotten: 30 to 3650." placeholder:"DAYS"`
	Now         bool `name:"run" help:"Forget now what is due; serve does it every hour."`
}

// Run sets what is given, forgets where asked to, and shows the whole.
func (c *retentionCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Retention(s.ctx)
		if err != nil {
			return err
		}
		changed := false
		for _, f := range []struct{ given, days *int }{{c.Unconfirmed, &r.Unconfirmed}, {c.Networks, &r.Networks}, {c.Notices, &r.Notices}, {c.Returns, &r.Returns}} {
			if f.given != nil {
				*f.days, changed = *f.given, true
			}
		}
		if changed {
			if err := h.registry.SetRetention(s.ctx, "cli", r); err != nil {
				return err
			}
		}
		out := struct {
			subscribers.Retention
			Forgotten *subscribers.Forgotten `json:"forgotten,omitempty"`
		}{Retention: r}
		if c.Now {
			f, err := h.registry.Tidy(s.ctx)
			if err != nil {
				return err
			}
			out.Forgotten = &f
		}
		return s.print(out, func() {
			for _, line := range []struct {
				what string
				days int
			}{{"Never confirmed", r.Unconfirmed}, {"Networks", r.Networks}, {"Notices", r.Notices}, {"Returned mails", r.Returns}} {
				s.printf("%-16s %d days\n", line.what, line.days)
			}
			if f := out.Forgotten; f != nil {
				s.printf("Forgotten now: %d sign-ups, %d requests, %d networks, %d notices, %d returned mails\n", f.SignUps, f.Requests, f.Networks, f.Notices, f.Returns)
			}
		})
	})
}
