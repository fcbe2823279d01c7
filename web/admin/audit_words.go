package admin

// said is a stored word with the key of how people see it.
type said struct{ word, key string }

func keyOf(table []said, word string) string {
	for _, s := range table {
		if s.word == word {
			return s.key
		}
	}
	return ""
}

// auditActors are those who do things and are no operator.
var auditActors = []said{
	{"cli", "audit.by_cli"}, {"scheduler", "audit.by_scheduler"}, {"courier", "audit.by_courier"}, {"retention", "audit.by_retention"}, {"reader", "audit.by_reader"},
	{"visitor", "audit.by_visitor"}, {"operator", "audit.by_operator"},
}

var auditKinds = []said{
	{"edition", "audit.kind_edition"}, {"campaign", "audit.kind_campaign"}, {"recap", "audit.kind_recap"}, {"occurrence", "audit.kind_occurrence"},
	{"subscriber", "audit.kind_subscriber"}, {"list", "audit.kind_list"}, {"suppression", "audit.kind_suppression"}, {"relay", "audit.kind_relay"},
	{"dkim", "audit.kind_dkim"}, {"organisation", "audit.kind_organisation"}, {"operator", "audit.kind_operator"}, {"invitation", "audit.kind_invitation"},
	{"retention", "audit.kind_retention"},
	{"news", "audit.kind_news"},
}

// auditActions are what can be done; an action without a line here is shown as
// it is stored.
var auditActions = []said{
	{"opened", "audit.did_opened"}, {"draft", "audit.did_draft"}, {"in_review", "audit.did_in_review"}, {"approved", "audit.did_approved"},
	{"scheduled", "audit.did_scheduled"}, {"freezing", "audit.did_freezing"}, {"sending", "audit.did_sending"}, {"sent", "audit.did_sent"},
	{"paused", "audit.did_paused"}, {"held", "audit.did_held"}, {"cancelled", "audit.did_cancelled"}, {"resent", "audit.did_resent"},
	{"gave_up", "audit.did_gave_up"}, {"created", "audit.did_created"}, {"added", "audit.did_added"}, {"changed", "audit.did_changed"},
	{"removed", "audit.did_removed"}, {"imported", "audit.did_imported"}, {"forgotten", "audit.did_forgotten"}, {"marked", "audit.did_marked"},
	{"kept", "audit.did_kept"}, {"archived", "audit.did_archived"}, {"active", "audit.did_active"}, {"skipped", "audit.did_skipped"},
	{"suppressed", "audit.did_suppressed"}, {"unsuppressed", "audit.did_unsuppressed"}, {"unsubscribed", "audit.did_unsubscribed"},
	{"renamed", "audit.did_renamed"}, {"changed role", "audit.did_role"}, {"invited", "audit.did_invited"}, {"withdrew", "audit.did_withdrew"},
	{"signed in", "audit.did_signed_in"}, {"did not get in", "audit.did_not_get_in"}, {"ended a session", "audit.did_ended_session"},
	{"ended all other sessions", "audit.did_ended_sessions"}, {"set the password", "audit.did_password"}, {"made", "audit.did_made"},
	{"activated", "audit.did_activated"},
}
