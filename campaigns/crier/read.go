package crier

import (
	"postrider/campaigns"
	"postrider/internal/words"
)

// read makes news of a line of the audit log; false where it is none.
func read(w *words.Words, f Happening) (News, bool) {
	n := News{Key: "audit:" + f.ID.String(), At: f.At}
	if f.Kind == "edition" {
		n.Path = "/editions/" + editionID(f.Object)
	}
	issue := w.T("news.issue", f.Title, f.Number)
	switch f.Kind + " " + f.Action {
	case "edition held":
		if f.State != string(campaigns.Held) {
			return n, false // it went on by itself
		}
		n.Kind, n.Title, n.Body = KindHeld, w.T("news.held_title", issue), w.T("news.held_text", f.Reason)
		if f.Cause == string(campaigns.CauseRelay) || f.Cause == string(campaigns.CauseAnswers) {
			n.Kind, n.Title, n.Body = KindServer, w.T("news.server_title", issue), w.T("news.server_text", f.Reason)
		}
	case "edition opened":
		if f.State != string(campaigns.InReview) {
			return n, false
		}
		n.Kind, n.Title, n.Body = KindApproval, w.T("news.approval_title", issue), w.T("news.approval_text")
	case "edition sent":
		n.Kind, n.Title, n.Body = KindSent, w.T("news.sent_title", issue), w.T("news.sent_text", f.Accepted, f.Audience, f.Refused, f.Unknown)
	case "occurrence held", "occurrence failed":
		n.Kind, n.Title, n.Body = KindHeld, w.T("news.date_title", f.Title, f.Wall), w.T("news.held_text", f.Reason)
	case "occurrence skipped":
		if f.Actor != "scheduler" {
			return n, false // a person skipped it
		}
		n.Kind, n.Title, n.Body = KindSkipped, w.T("news.skipped_title", f.Title, f.Wall), w.T("news.skipped_text", f.Reason)
	default:
		return n, false
	}
	return n, true
}

func editionID(id int64) string { return campaigns.EditionID(id).String() }
