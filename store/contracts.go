package store

import (
	"postrider/campaigns"
	"postrider/campaigns/crier"
	"postrider/delivery"
	"postrider/events"
	"postrider/events/bounces"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/scheduler"
	"postrider/subscribers"
	"postrider/subscribers/intake"
)

// What the houses' doers ask of a store.
var (
	_ recaps.Store             = (*Store)(nil)
	_ organisation.Store       = (*Store)(nil)
	_ organisation.PorterStore = (*Store)(nil)
	_ media.Store              = (*Store)(nil)
	_ subscribers.Store        = (*Store)(nil)
	_ intake.Store             = (*Store)(nil)
	_ campaigns.Store          = (*Store)(nil)
	_ scheduler.Store          = (*Store)(nil)
	_ delivery.Ledger          = (*Store)(nil)

	_ crier.Store = (*Store)(nil)

	_ delivery.RelayStore   = (*Store)(nil)
	_ delivery.SigningStore = (*Store)(nil)
	_ delivery.AccountStore = (*Store)(nil)
	_ delivery.PostStore    = (*Store)(nil)

	_ events.Log    = (*Store)(nil)
	_ bounces.Store = (*Store)(nil)

	_ bounces.MailboxStore = (*Store)(nil)
)
