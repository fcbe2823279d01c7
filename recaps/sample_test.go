package recaps

import (
	"strings"
	"testing"
)

func TestSampleTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	r := Sample()
	if len(r.Takeaways) != 8 || len(r.People) != 5 || len(r.Links) != 2 || len(r.Lead) != 2 {
		t.Fatalf("%d takeaways, %d people, %d links, %d lead", len(r.Takeaways), len(r.People), len(r.Links), len(r.Lead))
	}
	if r.Image == "" || r.ImageAlt == "" || r.Subject == "" || r.Preheader == "" || r.Event.Short == "" || len(r.Hashtags) == 0 {
		t.Errorf("the sample leaves something out: %+v", r)
	}
	for _, k := range r.Takeaways {
		if !strings.HasPrefix(k.HTML, "<p><strong>") {
			t.Errorf("takeaway %d has no bold lead-in: %s", k.N, k.HTML)
		}
	}
	r.Takeaways[0].Plain = "spoilt"
	if Sample().Takeaways[0].Plain == "spoilt" {
		t.Error("two samples share their takeaways")
	}
}

func TestSampleIsInItsOwnWords(t *testing.T) {
	t.Parallel()
	sample := strings.Join(strings.Fields(string(sampleSource)), " ")
	original := articleFile(t, "whrcf.md")
	sample = strings.ReplaceAll(sample, original.Organisation, "") // a name is a fact
	texts := original.Lead
	for _, k := range original.Takeaways {
		texts = append(texts, k.Text)
	}
	for _, text := range texts {
		words := strings.Fields(text.Plain)
		for i := 0; i+8 <= len(words); i++ {
			if run := strings.Join(words[i:i+8], " "); strings.Contains(sample, run) {
				t.Errorf("copied from the article: %q", run)
			}
		}
	}
}
