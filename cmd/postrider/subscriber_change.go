package main

import (
	"maps"

	"postrider/subscribers"
)

type subscriberChangeCmd struct {
	Subscriber string            `arg:"" help:"Address or id."`
	Name       *string           `help:"Name; empty: none." placeholder:"TEXT"`
	Lang       *string           `help:"Language, as in sv; empty: none." placeholder:"LANG"`
	Zone       *string           `help:"Time zone; empty: none." placeholder:"ZONE"`
	Field      map[string]string `help:"Any other value; an empty one is taken away." placeholder:"KEY=VALUE"`
}

// Run changes a reader.
func (c *subscriberChangeCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		for _, v := range []struct{ given, field *string }{{c.Name, &r.Name}, {c.Lang, &r.Language}, {c.Zone, &r.Zone}} {
			if v.given != nil {
				*v.field = *v.given
			}
		}
		if r.Fields == nil {
			r.Fields = map[string]string{}
		}
		maps.Copy(r.Fields, c.Field)
		if r, err = h.registry.Edit(s.ctx, "cli", r); err != nil {
			return err
		}
		return s.showSubscriber(h, r)
	})
}

type subscriberMoveCmd struct {
	Subscriber string `arg:"" help:"Address or id."`
	To         string `arg:"" help:"The new address."`
}

// Run gives a reader another address.
func (c *subscriberMoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		if r, err = h.registry.Move(s.ctx, "cli", r.ID, c.To); err != nil {
			return err
		}
		return s.showSubscriber(h, r)
	})
}

type subscriberJoinCmd struct {
	Subscriber string   `arg:"" help:"Address or id."`
	List       []string `required:"" help:"List to join; may be given several times." placeholder:"NAME"`
	Consent    string   `help:"The wording that they agreed to." placeholder:"TEXT"`
}

// Run puts a reader on lists.
func (c *subscriberJoinCmd) Run(s *session) error {
	return s.membership(c.Subscriber, c.List, func(h *house, r subscribers.Subscriber, lists []subscribers.ListID) error {
		return h.registry.Subscribe(s.ctx, r.ID, lists, subscribers.Sign{Actor: "cli", Source: "cli", Reason: c.Consent})
	})
}

type subscriberLeaveCmd struct {
	Subscriber string   `arg:"" help:"Address or id."`
	List       []string `help:"List to leave; may be given several times (default: all)." placeholder:"NAME"`
	Reason     string   `help:"Why." placeholder:"TEXT"`
}

// Run takes a reader off lists.
func (c *subscriberLeaveCmd) Run(s *session) error {
	return s.membership(c.Subscriber, c.List, func(h *house, r subscribers.Subscriber, lists []subscribers.ListID) error {
		return h.registry.Unsubscribe(s.ctx, r.ID, lists, subscribers.Sign{Actor: "cli", Source: "cli", Reason: c.Reason})
	})
}

func (s *session) membership(who string, names []string, change func(*house, subscribers.Subscriber, []subscribers.ListID) error) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, who)
		if err != nil {
			return err
		}
		var lists []subscribers.ListID
		for _, name := range splitNames(names) {
			l, err := h.registry.List(s.ctx, name)
			if err != nil {
				return err
			}
			lists = append(lists, l.ID)
		}
		if err := change(h, r, lists); err != nil {
			return err
		}
		return s.showSubscriber(h, r)
	})
}
