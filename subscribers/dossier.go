package subscribers

import "context"

// Dossier is all that is kept of a reader, for a reader who asks for it (GDPR
// Art. 15 and 20).
type Dossier struct {
	Subscriber Subscriber    `json:"subscriber"`
	Tags       []string      `json:"tags"`
	Lists      []Membership  `json:"lists"`
	Consents   []Consent     `json:"consents"`
	TimeLine   []Moment      `json:"time_line"` // newest first, the newest thousand
	DoNotMail  []Suppression `json:"do_not_mail"`
}

// Dossier returns all that is kept of a reader. A missing one is NotFound.
func (g *Registry) Dossier(ctx context.Context, id ID) (Dossier, error) {
	s, err := g.Get(ctx, id)
	if err != nil {
		return Dossier{}, err
	}
	d := Dossier{Subscriber: s, Tags: []string{}, Lists: []Membership{}, Consents: []Consent{}, TimeLine: []Moment{}, DoNotMail: []Suppression{}}
	tags, err := g.Tags(ctx, id)
	if err != nil {
		return d, err
	}
	lists, err := g.Memberships(ctx, id)
	if err != nil {
		return d, err
	}
	consents, err := g.Consents(ctx, id)
	if err != nil {
		return d, err
	}
	moments, err := g.TimeLine(ctx, id, maxPage)
	if err != nil {
		return d, err
	}
	barred, err := g.Suppressed(ctx, []string{s.Email})
	if err != nil {
		return d, err
	}
	d.Tags, d.Lists = append(d.Tags, tags...), append(d.Lists, lists...)
	d.Consents, d.TimeLine = append(d.Consents, consents...), append(d.TimeLine, moments...)
	if x, ok := barred[s.Email]; ok {
		d.DoNotMail = append(d.DoNotMail, x)
	}
	return d, nil
}
