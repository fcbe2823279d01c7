package recaps

import (
	"strings"
	"testing"

	"postrider/internal/errs"
)

// word is what Word puts on the clipboard, with its namespaces, styles and
// lists that are paragraphs.
const word = `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=Generator content="Microsoft Word 15">
<style><!-- p.MsoNormal {margin:0cm; font-family:"Calibri",sans-serif} @list l0:level1 {mso-level-number-format:bullet} --></style>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]--></head>
<body lang=SV style='tab-interval:36.0pt'><!--StartFragment-->
<h2>Notes from <b>Oslo</b><o:p></o:p></h2>
<p class=MsoNormal>We met <b style='mso-bidi-font-weight:normal'>eleven mayors</b> and read <a href="https://example.org/plan?utm_source=mail&amp;id=7">the plan</a>.<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-fareast-font-family:Calibri'><span style='mso-list:Ignore'>1.<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span></span><![endif]>Homes come first.<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='margin-left:72.0pt;text-indent:-18.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>a.<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>In every district.</p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>2.<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>Then <i>trams</i>.</p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l1 level1 lfo2'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span></span><![endif]>A loose end.</p>
<p><img width=200 height=100 src="file:///C:/Temp/clip_image001.png" alt="A chart"></p>
<p class=MsoNormal style='mso-hide:all;display:none'>not to be seen</p>
<!--EndFragment--></body></html>`

// docs is what Google's word processor puts there: a <b> around everything that
// is not bold, and styles instead of elements.
const docs = `<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1f2e3d4c-7fff"><h3 dir="ltr" style="line-height:1.38"><span style="font-size:14pt;font-weight:700">What we heard</span></h3>
<p dir="ltr"><span style="font-weight:400;font-style:normal">It was </span><span style="font-weight:700;font-style:normal">loud</span><span style="font-weight:400"> and </span><span style="font-style:italic;font-weight:400">long</span><span style="font-weight:400">; see </span><a href="https://www.google.com/url?q=https://example.org/talk&amp;sa=D&amp;ust=1" style="text-decoration:none;"><span style="color:#1155cc">the talk</span></a></p>
<ol style="margin-top:0"><li dir="ltr" style="list-style-type:decimal" aria-level="1"><p dir="ltr" role="presentation"><span style="font-weight:400">First.</span></p></li><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span style="font-weight:400">Second.</span></p></li></ol></b><br class="Apple-interchange-newline">`

func TestWhatIsPastedKeepsItsStructure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ clip, want string }{
		"Word":        {word, "## Notes from Oslo\n\nWe met **eleven mayors** and read [the plan](https://example.org/plan?id=7).\n\n1. Homes come first.\n   1. In every district.\n2. Then *trams*.\n\n- A loose end."},
		"Google Docs": {docs, "### What we heard\n\nIt was **loud** and *long*; see [the talk](https://example.org/talk)\n\n1. First.\n2. Second."},
		"a page": {`<blockquote><p>To be, or not.</p></blockquote><script>alert(1)</script><p onclick="x()">After<img src="https://t.example.org/p.gif" width="1" height="1"> <a href="javascript:alert(1)">this</a></p>`,
			"> To be, or not.\n\nAfter this"},
		"no words": {`<html><body><!--StartFragment--><span style="x"> </span><!--EndFragment--></body></html>`, ""},
	} {
		got, _, err := ReadClipboard(c.clip)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, c.want)
		}
	}
	if _, _, err := ReadClipboard(strings.Repeat("<b>", maxElements+2)); !errs.Is(err, errs.Invalid) {
		t.Errorf("too many elements: %v, want Invalid", err)
	}
	if _, _, err := ReadClipboard(strings.Repeat("a", MaxClipboard+1)); !errs.Is(err, errs.Invalid) {
		t.Errorf("too large: %v, want Invalid", err)
	}
}

func FuzzReadClipboard(f *testing.F) {
	f.Add(word)
	f.Add(docs)
	f.Fuzz(func(t *testing.T, clip string) {
		if _, _, err := ReadClipboard(clip); err != nil && !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
	})
}
